// A client as agents are: Node, spawning `postern run` with pipes. node_linux.sh runs it, node_win32.sh runs it with
// Node for Windows; what it asks is the same. Level none: it is about pipes, processes and words, not the boundary.
// usage: node node_client.js POSTERN STREAM      the programs; STREAM is tests/support/programs/stream.c. Prints TAP.
// timeout: 240
'use strict';
const assert = require('assert');
const { spawn, spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');

const [postern, stream] = process.argv.slice(2);
const windows = process.platform === 'win32';
const MiB = 1024 * 1024;
const LIMIT_MS = 60000; // for anything that is waited for
const awkward = 'ä€ 😀';

// ---- running postern ----

// Level none never starts without saying so, on stderr, before anything of the command's can come.
const warning = Buffer.from('postern: warning: level none: nothing keeps the command from what you may do yourself\n');

function withoutWarning(err) {
    return err.subarray(0, warning.length).equals(warning) ? err.subarray(warning.length) : err;
}

// Starts it; `result` is kept for the end, when all three of exit, stdout and stderr have come.
function start(options, command, settings = {}) {
    const words = ['run', '--level=none', '--quiet', ...options, '--', stream, ...command];
    const child = spawn(postern, words, { stdio: 'pipe', ...settings });
    const pieces = { out: [], err: [] };
    child.stdout.on('data', (data) => pieces.out.push(data));
    child.stderr.on('data', (data) => pieces.err.push(data));
    // What a command that does not read does to a writer; the tests that care listen themselves.
    child.stdin.on('error', () => {});
    child.end = new Promise((resolve, reject) => {
        const limit = setTimeout(() => {
            child.kill('SIGKILL');
            reject(new Error(`no end after ${LIMIT_MS} ms; stderr: ${Buffer.concat(pieces.err)}`));
        }, LIMIT_MS);
        child.on('error', reject);
        child.on('close', (code, signal) => {
            clearTimeout(limit);
            resolve({ code, signal, out: Buffer.concat(pieces.out), err: withoutWarning(Buffer.concat(pieces.err)) });
        });
    });
    return child;
}

function run(options, command, input = '', settings = {}) {
    const child = start(options, command, settings);
    child.stdin.end(input);
    return child.end;
}

// All of stdout up to and including `text`.
function says(child, text) {
    let seen = '';
    return Promise.race([
        new Promise((resolve) =>
            child.stdout.on('data', (data) => {
                seen += data;
                if (seen.includes(text)) resolve(seen);
            })
        ),
        child.end.then((end) => Promise.reject(new Error(`ended with ${end.code} before it said ${text}: ${end.err}`))),
    ]);
}

function lives(pid) {
    return spawnSync(stream, ['lives', String(pid)]).status === 0;
}

function same(got, wanted) {
    assert.strictEqual(got.length, wanted.length);
    assert.ok(got.equals(wanted), 'the bytes differ');
}

// The bytes of tests/support/pattern.c.
function pattern(seed, size) {
    const block = Buffer.alloc(65521);
    const mask = (1n << 64n) - 1n;
    let random = (0x9e3779b97f4a7c15n * BigInt(seed + 1)) & mask;
    for (let i = 0; i < block.length; i++) {
        random ^= (random << 13n) & mask;
        random ^= random >> 7n;
        random ^= (random << 17n) & mask;
        block[i] = Number((random >> 32n) & 0xffn);
    }
    return Buffer.alloc(size, block);
}

// ---- the tests ----

const tests = {
    'exit codes are the command\'s'() {
        const codes = windows ? [0, 7, 255, 300, 0xc0000005] : [0, 7, 255];
        return Promise.all(
            codes.map(async (code) => {
                const end = await run([], ['exit', String(code)]);
                assert.strictEqual(end.code, code, String(end.err));
                assert.strictEqual(end.signal, null);
            })
        );
    },

    async '1 MiB of any bytes comes back from the command'() {
        const sent = crypto.randomBytes(MiB);
        const end = await run([], ['echo'], sent);
        assert.strictEqual(end.code, 0, String(end.err));
        same(end.out, sent);
        assert.strictEqual(end.err.length, 0);
    },

    async '1 MiB of stdin is what the command reads'() {
        const end = await run([], ['check', '3'], pattern(3, MiB));
        assert.strictEqual(String(end.out), `${MiB} ok\n`);
    },

    async 'stdout and stderr are kept apart, 1 MiB each'() {
        const end = await run([], ['both', String(MiB), String(MiB)]);
        assert.strictEqual(end.code, 0);
        same(end.out, pattern(1, MiB));
        same(end.err, pattern(2, MiB));
    },

    async 'a conversation: output before the end of input, then its end'() {
        const child = start([], ['hold', '5']);
        await says(child, 'ready\n');
        child.stdin.end();
        const end = await child.end;
        assert.strictEqual(end.code, 5);
        assert.strictEqual(String(end.out), 'ready\nend\n');
    },

    async 'arguments arrive as they are'() {
        const words = [awkward, '', 'a  b', 'c"d', 'e\\', '\\\\"', '%PATH%', '*', '--json', '-'];
        const end = await run([], ['args', ...words]);
        assert.strictEqual(String(end.out), words.join('\n') + '\n');
    },

    async 'variables arrive as they are'() {
        const env = { ...process.env, POSTERN_TEST_KEPT: awkward };
        const end = await run(['--inherit-env', `--env=POSTERN_TEST_Ä=${awkward}`], ['env'], '', { env });
        const lines = String(end.out).split('\n');
        assert.ok(lines.includes(`POSTERN_TEST_KEPT=${awkward}`), String(end.out));
        assert.ok(lines.includes(`POSTERN_TEST_Ä=${awkward}`), String(end.out));
        const clean = await run([], ['env'], '', { env });
        assert.ok(!String(clean.out).includes('POSTERN_TEST'), String(clean.out));
    },

    async 'the working directory is the client\'s, by any name'() {
        const made = fs.mkdtempSync(path.join(os.tmpdir(), `postern-${awkward}-`));
        try {
            const cwd = fs.realpathSync(made);
            const inherited = await run([], ['cwd'], '', { cwd });
            const named = await run([`--cwd=${cwd}`], ['cwd']);
            assert.strictEqual(String(inherited.out).trim(), cwd);
            assert.strictEqual(String(named.out).trim(), cwd);
        } finally {
            fs.rmdirSync(made);
        }
    },

    async 'killing postern ends the whole tree'() {
        const child = start([], ['tree', '2']);
        const pids = (await says(child, 'ready\n')).match(/\d+/g);
        assert.strictEqual(pids.length, 2);
        assert.ok(pids.every(lives));
        child.kill('SIGKILL');
        const end = await child.end;
        assert.ok(windows ? end.code !== 0 || end.signal : end.signal === 'SIGKILL');
        const latest = Date.now() + LIMIT_MS;
        while (pids.some(lives)) assert.ok(Date.now() < latest, 'a process of the tree is still there');
    },

    'eight at once do not mix'() {
        return Promise.all(
            Array.from({ length: 8 }, async (_, i) => {
                const sent = crypto.randomBytes(MiB / 8 + i);
                same((await run([], ['echo'], sent)).out, sent);
            })
        );
    },

    async 'a command that does not read its input costs the writer an error, no more'() {
        const child = start([], ['exit', '3']);
        const codes = [];
        const closed = new Promise((resolve) => child.stdin.on('close', resolve));
        const pour = () => {
            while (!child.stdin.destroyed && child.stdin.write(Buffer.alloc(65536)));
        };
        child.stdin.on('error', (error) => codes.push(error.code));
        child.stdin.on('drain', pour);
        pour();
        await closed; // without an error when Node has heard of the exit first
        assert.ok(codes.every((code) => ['EPIPE', 'EOF', 'ECONNRESET'].includes(code)), String(codes));
        assert.strictEqual((await child.end).code, 3);
    },

    async 'a client that reads no more ends the command'() {
        const child = start([], ['endless', '1']);
        child.stdout.once('data', () => child.stdout.destroy());
        const end = await child.end;
        assert.ok(end.code === 141 || end.signal === 'SIGPIPE', `${end.code} ${end.signal}`);
    },

    async 'a time limit is 124'() {
        assert.strictEqual((await run(['--timeout=500ms', '--grace=0'], ['silent'])).code, 124);
    },

    async '--json is one object'() {
        const end = await run(['--json'], ['args', awkward]);
        const told = JSON.parse(end.out);
        assert.strictEqual(told.exit_code, 0);
        assert.strictEqual(told.reason, 'exited');
        assert.strictEqual(told.level, 'none');
        assert.strictEqual(told.stdout, awkward + '\n');
        assert.strictEqual(told.stderr, '');
    },

    async '--json holds bytes that are no text'() {
        const sent = Buffer.from([0, 255, 10, 13, 26, 128]);
        const told = JSON.parse((await run(['--json'], ['echo'], sent)).out);
        same(Buffer.from(told.stdout.base64, 'base64'), sent);
    },

    async '--json tells what went wrong'() {
        const end = await run(['--json', '--cwd=no-such-directory'], ['exit', '0']);
        const told = JSON.parse(end.out);
        assert.strictEqual(end.code, 125);
        assert.ok(told.error.code && told.error.stage && told.error.message, String(end.out));
    },
};

async function main() {
    const names = Object.keys(tests);
    let failed = false;
    console.log(`# Node ${process.version}, ${process.platform}`);
    console.log(`1..${names.length}`);
    for (const [index, name] of names.entries()) {
        try {
            await tests[name]();
            console.log(`ok ${index + 1} - ${name}`);
        } catch (error) {
            failed = true;
            console.log(`not ok ${index + 1} - ${name}`);
            console.log(String(error.stack).replace(/^/gm, '# '));
        }
    }
    process.exit(failed ? 1 : 0);
}

main();
