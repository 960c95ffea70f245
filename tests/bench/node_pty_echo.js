// Round trips of one byte through node-pty, for themes_linux.c: node node_pty_echo.js MODULE COMMAND...
// For each byte on stdin it makes 100 round trips and prints their times in microseconds, one a line, then a dot.
'use strict';
const pty = require(process.argv[2]);
const rounds = 100;
const terminal = pty.spawn(process.argv[3], process.argv.slice(4), { cols: 80, rows: 24, encoding: null });
let greeted = false;
let asked = 0;
let left = 0;
let begun = 0n;
let times = [];

function send() {
    begun = process.hrtime.bigint();
    terminal.write('x');
}

function begin() {
    if (!greeted || left > 0 || asked === 0) return;
    asked -= 1;
    left = rounds;
    send();
}

terminal.onData(() => {
    if (left === 0) {
        greeted = true;
        return begin();
    }
    times.push(Number(process.hrtime.bigint() - begun) / 1000);
    left -= 1;
    if (left > 0) return send();
    process.stdout.write(times.join('\n') + '\n.\n');
    times = [];
    begin();
});

process.stdin.on('data', (data) => {
    asked += data.length;
    begin();
});
process.stdin.on('end', () => process.exit(0));
