# The denial matrix on real Windows, as administrator, after `postern setup` (TAP output): what commands at level
# restricted, at level elevated and in an app container can and cannot do, each beside a control that shows what works
# outside or is allowed; that two sandboxes do not disturb each other, that nothing is left when the parent is killed,
# and that all access lists are afterwards what they were.
# usage: windows-denial-test.ps1 -Postern PATH\postern.exe -Tool PATH\attempt_win32.exe [-Levels restricted,...]
# The first is the installed one: accounts have to be able to read it. The second is copied to where they can.
param(
    [Parameter(Mandatory = $true)][string]$Postern,
    [Parameter(Mandatory = $true)][string]$Tool,
    [ValidateSet('restricted', 'elevated', 'container')][string[]]$Levels = @('restricted', 'elevated', 'container')
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$Postern = (Resolve-Path -LiteralPath $Postern).Path
$tag = "postern-denial-$PID"
$script:count = 0
$script:failed = 0
$script:level = $null

# ---- TAP ----

function Test-That {
    param([string]$Name, [bool]$Holds, [string[]]$Details = @())
    $script:count++
    if (-not $Holds) { $script:failed++ }
    Write-Output "$(if ($Holds) { 'ok' } else { 'not ok' }) $script:count - $($script:level.Name): $Name"
    if (-not $Holds) { $Details | ForEach-Object { Write-Output "# $_" } }
}

function Skip-That {
    param([string]$Name, [string]$Reason)
    $script:count++
    Write-Output ('ok {0} - {1}: {2} # SKIP {3}' -f $script:count, $script:level.Name, $Name, $Reason)
}

# ---- running things ----

# Runs it to its end, with an empty stdin. Lines: all that it wrote. Story: what to show when something is wrong.
function Invoke-Program {
    param([string]$Program, [string[]]$Arguments)
    $ErrorActionPreference = 'Continue' # messages on its stderr are no errors of ours
    $lines = @(@() | & $Program @Arguments 2>&1 | ForEach-Object { "$_" })
    $status = $LASTEXITCODE
    New-Object PSObject -Property @{
        Status = $status
        Lines  = $lines
        Story  = @("> $Program $($Arguments -join ' ')") + $lines + @("status $status")
    }
}

function Get-Arguments {
    param([string[]]$Options, [string[]]$Command)
    @('run', '--quiet', '--timeout', '60s', '--cwd', $script:level.Workspace) + $script:level.Options + $Options +
    @('--') + $Command
}

function Invoke-Inside {
    param([string[]]$Options, [string[]]$Command)
    Invoke-Program $Postern (Get-Arguments $Options $Command)
}

function Test-Line {
    param([object]$Result, [string]$Pattern)
    @($Result.Lines | Where-Object { $_ -match $Pattern }).Count -gt 0
}

# A command that goes on running, with pipes to it. None of our arguments has a quote, or a backslash before a blank.
function Start-Inside {
    param([string[]]$Options, [string[]]$Command)
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = $Postern
    $start.Arguments = [string]::Join(' ', @(Get-Arguments $Options $Command | ForEach-Object { "`"$_`"" }))
    $start.UseShellExecute = $false
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    [Diagnostics.Process]::Start($start)
}

# '' at its end, or when nothing has come for a minute.
function Read-Line {
    param([Diagnostics.Process]$Process)
    $line = $Process.StandardOutput.ReadLineAsync()
    if (-not $line.Wait(60000) -or $null -eq $line.Result) { return '' }
    $line.Result
}

function Stop-Inside {
    param([Diagnostics.Process]$Process)
    try { $Process.StandardInput.Close() } catch { Write-Output "# closing its stdin: $_" }
    if (-not $Process.WaitForExit(60000)) {
        $Process.Kill()
        $Process.WaitForExit()
    }
}

function Send-Line {
    param([Diagnostics.Process]$Process)
    try { $Process.StandardInput.WriteLine('go') } catch { Write-Output "# nobody reads any more: $_" }
}

# Whether all of these processes are gone within half a minute. They are only listed: waiting would take leave to open
# those of other users.
function Test-Gone {
    param([int[]]$Ids)
    for ($tries = 0; $tries -lt 150; $tries++) {
        if (@(Get-Process -Id $Ids -ErrorAction SilentlyContinue).Count -eq 0) { return $true }
        Start-Sleep -Milliseconds 200
    }
    $false
}

# ---- one attempt, outside and inside ----

# Works outside and not inside. A control that fails proves nothing, and is a failure of its own.
function Test-Denied {
    param([string]$Name, [string[]]$Attempt, [string[]]$Options = @(), [string]$Refused = '^refused 5$', [string]$Control = '^ok$')
    $outside = Invoke-Program $probe $Attempt
    $inside = Invoke-Inside $Options (@($probe) + $Attempt)
    $holds = (Test-Line $outside $Control) -and (Test-Line $inside $Refused)
    Test-That "denied: $Name" $holds (@('outside:') + $outside.Story + @('inside:') + $inside.Story)
}

function Test-Allowed {
    param([string]$Name, [string[]]$Attempt, [string[]]$Options = @())
    $inside = Invoke-Inside $Options (@($probe) + $Attempt)
    Test-That "allowed: $Name" (($inside.Status -eq 0) -and (Test-Line $inside '^ok$')) $inside.Story
}

# Nothing is started.
function Test-Refused {
    param([string]$Name, [string[]]$Options)
    $inside = Invoke-Inside $Options @($probe, 'desktop-name')
    Test-That "refused: $Name" (($inside.Status -eq 125) -and (Test-Line $inside '\(policy_validation\)')) $inside.Story
}

function Test-Command {
    param([string]$Name, [string[]]$Command, [int]$Status, [string]$Pattern = '', [string[]]$Options = @())
    $inside = Invoke-Inside $Options $Command
    Test-That $Name (($inside.Status -eq $Status) -and ($Pattern -eq '' -or (Test-Line $inside $Pattern))) $inside.Story
}

# ---- the matrix ----

function Test-Workspace {
    $workspace = $script:level.Workspace
    Test-Allowed 'write in the workspace' @('write', "$workspace\file.txt")
    Test-Allowed 'make a file' @('make', "$workspace\made.txt")
    Test-Allowed 'make a directory' @('mkdir', "$workspace\made")
    Test-Allowed 'remove a file' @('delete', "$workspace\file.txt")
    Test-Allowed 'rename a file' @('rename', "$workspace\file.txt", "$workspace\other.txt")
    Test-Allowed 'write in a directory of its own' @('write', "$workspace\inner\file.txt")
    Test-Allowed 'write at a path of any script' @('write', "$workspace\$unicode\file.txt")
    Test-Denied 'change who may do what' @('own', "$workspace\file.txt")
}

function Test-Rules {
    $workspace = $script:level.Workspace
    if ($script:level.InnerRules) {
        Test-Denied 'write what is read-only' @('write', "$workspace\kept\file.txt") @('--ro', "$workspace\kept")
        Test-Denied 'make a file there' @('make', "$workspace\kept\made.txt") @('--ro', "$workspace\kept")
        Test-Denied 'remove what is there' @('delete', "$workspace\kept\file.txt") @('--ro', "$workspace\kept")
        Test-Allowed 'read it' @('read', "$workspace\kept\file.txt") @('--ro', "$workspace\kept")
        Test-Denied 'write a protected name' @('write', "$workspace\.git\config")
        Test-Denied 'make a file in a protected directory' @('make', "$workspace\.git\made")
        Test-Denied 'rename a protected directory' @('rename', "$workspace\.git", "$workspace\git")
        Test-Allowed 'read a protected name' @('read', "$workspace\.git\config")
        Test-Allowed 'write it when it is named' @('write', "$workspace\.git\config") @('--rw', "$workspace\.git")
    }
    else { Test-Refused 'what is read-only in a writable directory' @('--ro', "$workspace\kept") }
    if ($script:level.Denies) {
        Test-Denied 'read what is denied' @('read', "$workspace\kept\file.txt") @('--deny', "$workspace\kept")
        Test-Denied 'list it' @('list', "$workspace\kept") @('--deny', "$workspace\kept")
        Test-Denied 'write it' @('write', "$workspace\kept\file.txt") @('--deny', "$workspace\kept")
        Test-Denied 'read a denied file' @('read', "$workspace\kept\file.txt") @('--deny', "$workspace\kept\file.txt")
    }
    else { Test-Refused 'a denied path' @('--deny', "$workspace\kept") }
    Test-Allowed 'write outside where it is named' @('write', "$base\outside\file.txt") @('--rw', "$base\outside")
    Test-Allowed 'read outside where it is named' @('read', "$base\secret\file.txt") @('--ro', "$base\secret")
}

function Test-Outside {
    Test-Denied 'write outside of the workspace' @('write', "$base\outside\file.txt")
    Test-Denied 'make a file there' @('make', "$base\outside\made.txt")
    Test-Denied 'remove a file there' @('delete', "$base\outside\file.txt")
    Test-Denied 'make a file above the workspace' @('make', "$base\made.txt")
    Test-Denied 'make a directory in the root' @('mkdir', "$env:SystemDrive\$tag-made")
    Test-Denied "write in the caller's profile" @('write', "$profilePlace\file.txt")
    Test-Denied 'make a file there' @('make', "$profilePlace\made.txt")
    Test-Denied 'make a file in Program Files' @('make', "$env:ProgramFiles\$tag.txt")
    Test-Denied 'make a file in the Windows directory' @('make', "$env:SystemRoot\System32\$tag.txt")
    Test-Denied 'change the registry of the user' @('registry', 'hkcu', "Software\$tag")
    Test-Denied 'change the registry of the machine' @('registry', 'hklm', "SOFTWARE\$tag")
    Test-Denied 'write over postern itself' @('write', $helper)
    if ($script:level.Private) {
        Test-Denied "read in the caller's profile" @('read', "$profilePlace\file.txt")
        Test-Denied 'list it' @('list', $profilePlace)
        Test-Denied 'read what only the caller may read' @('read', "$base\secret\file.txt")
    }
    else { Test-Allowed 'read what the caller may read, as the level says' @('read', "$base\secret\file.txt") }
}

function Test-Junctions {
    $workspace = $script:level.Workspace
    New-Item -ItemType Junction -Path "$workspace\way" -Target "$base\outside" | Out-Null
    try {
        Test-Denied 'write over a junction that leads outside' @('write', "$workspace\way\file.txt")
        Test-Denied 'make a file over it' @('make', "$workspace\way\made.txt")
    }
    finally { [IO.Directory]::Delete("$workspace\way") }
    $made = Invoke-Inside @() @('cmd.exe', '/d', '/c', "mklink /J own $base\outside")
    if ($made.Status -eq 0) {
        Test-Denied 'write over a junction of its own making' @('write', "$workspace\own\file.txt")
    }
    else { Skip-That 'a junction of its own making' 'the command could make none' }
    if (Test-Path -LiteralPath "$workspace\own") { [IO.Directory]::Delete("$workspace\own") }
}

function Test-Temporary {
    $inside = Invoke-Inside @() @($probe, 'make-temporary')
    $place = @($inside.Lines | Where-Object { $_ -match '^in ' } | ForEach-Object { $_.Substring(3).TrimEnd('\') })
    Test-That 'allowed: write to the temporary directory' (Test-Line $inside '^ok$') $inside.Story
    $own = $place.Count -eq 1 -and $place[0] -ne [IO.Path]::GetTempPath().TrimEnd('\')
    Test-That 'it is one of its own' $own $inside.Story
    Test-That 'it is gone afterwards' ($own -and -not (Test-Path -LiteralPath $place[0])) $inside.Story
    $env:POSTERN_DENIAL_VARIABLE = 'of the caller'
    Test-Command 'no variable of the caller' @('cmd.exe', '/d', '/c', 'if defined POSTERN_DENIAL_VARIABLE exit 9') 0
    Test-Command 'but when that is asked for' @('cmd.exe', '/d', '/c', 'if defined POSTERN_DENIAL_VARIABLE exit 9') 9 '' @('--inherit-env')
    $env:POSTERN_DENIAL_VARIABLE = $null
}

function Test-Network {
    $attempt = @('connect', $address, '443')
    if ($script:level.Network -eq 'refused') {
        Test-Refused 'a network that is to be off' @('--net', 'off')
        if ($address -ne '') { Test-Allowed 'connect' $attempt }
        return
    }
    if ($address -eq '') { Skip-That 'no network' 'this machine has none itself' }
    else {
        Test-Denied 'connect' $attempt @() '^refused '
        Test-Allowed 'connect where the network is on' $attempt @('--net', 'on')
    }
    $listener = New-Object Net.Sockets.TcpListener([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    try { Test-Denied 'connect on this machine' @('connect', '127.0.0.1', "$($listener.LocalEndpoint.Port)") @() '^refused ' }
    finally { $listener.Stop() }
}

# A second sandbox is alive meanwhile, so that there are a parent and a runner of another one, too. Outside, that nobody
# may open an account's runner only shows that it is there.
function Test-Processes {
    $other = Start-Inside @() @($probe, 'after-line', 'write', "$($script:level.Workspace)\file.txt")
    try {
        $null = Read-Line $other
        foreach ($program in 'postern.exe', 'postern-runner.exe') {
            $control = '^wrong PROCESS_DUP_HANDLE'
            if ($script:level.Name -eq 'elevated' -and $program -eq 'postern-runner.exe') { $control = '^(wrong|refused 5$)' }
            Test-Denied "open $program to change it" @('processes', $program) @() $script:level.Processes $control
        }
    }
    finally { Stop-Inside $other }
}

function Test-Desktop {
    $inside = Invoke-Inside @() @($probe, 'desktop-name')
    $name = @($inside.Lines | Where-Object { $_ -match '^[^\\]+\\[^\\]+$' })
    Test-That 'a desktop of its own' ($inside.Status -eq 0 -and $name.Count -eq 1 -and $name[0] -notmatch '^WinSta0\\') $inside.Story
    if (Test-Line (Invoke-Program $probe @('desktop')) '^wrong ') {
        Test-Denied "reach the caller's desktop" @('desktop') @() '^refused ' '^wrong '
    }
    else { Skip-That "reach the caller's desktop" 'the caller cannot reach one either' }
    $text = "secret of $tag"
    try { Set-Clipboard -Value $text } catch { Write-Output "# Set-Clipboard: $_" }
    if (Test-Line (Invoke-Program $probe @('clipboard', $text)) '^ok$') {
        Test-Denied 'read the clipboard' @('clipboard', $text) @() '^refused '
    }
    else { Skip-That 'read the clipboard' 'the caller has none' }
}

function Test-Programs {
    $workspace = $script:level.Workspace
    Test-Command 'cmd.exe, and its status' @('cmd.exe', '/d', '/c', 'exit 300') 300
    Test-Command 'output to NUL' @('cmd.exe', '/d', '/c', 'echo text>NUL') 0
    Test-Command 'input from NUL' @('cmd.exe', '/d', '/c', 'sort<NUL') 0
    Test-Command 'a batch file with arguments' @("$workspace\$unicode\show.cmd", 'a b', 'c&d') 3 '\["a b"\] \["c&d"\]'
    if ($script:level.PowerShell) {
        Test-Command 'PowerShell' @('powershell.exe', '-NoProfile', '-NonInteractive', '-Command', 'Write-Output fine; exit 7') 7 '^fine$'
    }
}

function Test-Limits {
    Test-Denied 'more memory than the limit' @('memory', '600') @('--memory', '300M') '^refused '
    Test-Allowed 'less than the limit' @('memory', '100') @('--memory', '300M')
    Test-Denied 'more processes than the limit' @('children', '12') @('--pids', '8') '^refused '
    Test-Allowed 'fewer than the limit' @('children', '12') @('--pids', '64')
    $inside = Invoke-Inside @('--timeout', '5s', '--grace', '1s') @($probe, 'family')
    $ids = @($inside.Lines | Where-Object { $_ -match '^\d+ \d+$' } | ForEach-Object { $_ -split ' ' })
    Test-That 'a timeout ends it' ($inside.Status -eq 124 -and $ids.Count -eq 2) $inside.Story
    Test-That 'and what it has started' ($ids.Count -eq 2 -and (Test-Gone $ids)) $inside.Story
}

# The end of one sandbox takes nothing from another at the same path.
function Test-Two {
    $file = "$($script:level.Workspace)\file.txt"
    $first = Start-Inside @() @($probe, 'after-line', 'write', $file)
    try {
        $ready = Read-Line $first
        Test-Allowed 'a second sandbox at the same path writes' @('write', $file)
        Send-Line $first
        $answer = Read-Line $first
        Test-That 'and its end takes nothing from the first' ($ready -eq 'ready' -and $answer -eq 'ok') @($ready, $answer)
    }
    finally { Stop-Inside $first }
}

function Test-Killed {
    $running = Start-Inside @() @($probe, 'family')
    $line = Read-Line $running
    $ids = @($line -split ' ' | Where-Object { $_ -match '^\d+$' })
    $runners = @(Get-Process -Name postern-runner -ErrorAction SilentlyContinue | ForEach-Object { $_.Id })
    Test-That 'a sandbox to be killed runs' ($ids.Count -eq 2 -and $runners.Count -ge 1) @($line, "runners: $runners")
    $running.Kill()
    $running.WaitForExit()
    Test-That 'when the parent is killed nothing is left' (Test-Gone ($ids + $runners)) @("$ids and $runners")
    Test-Allowed 'the next one works' @('write', "$($script:level.Workspace)\file.txt")
}

function Test-Level {
    param([hashtable]$Level)
    $script:level = $Level
    $runs = Invoke-Inside @() @('cmd.exe', '/d', '/c', 'exit 0')
    Test-That 'a command runs' ($runs.Status -eq 0) $runs.Story
    if ($runs.Status -ne 0) { return } # all else would only say the same
    $before = Get-Access
    Test-Workspace
    Test-Rules
    Test-Outside
    Test-Junctions
    Test-Temporary
    Test-Network
    Test-Processes
    Test-Desktop
    Test-Programs
    Test-Limits
    Test-Two
    Test-Same 'all access lists are as before' $before
    Test-Killed
    Test-Same 'also after one was killed' $before
    if ($Level.Doctor -ne '') {
        $doctor = Invoke-Program $Postern @('doctor', '--level', $Level.Doctor)
        Test-That 'postern doctor finds it healthy' ($doctor.Status -eq 0) $doctor.Story
    }
}

# ---- access lists ----

function Get-Access {
    @(& (Join-Path $PSScriptRoot 'windows-acls.ps1') -Trees $base, $profilePlace, $tools `
            -Objects "$env:SystemDrive\", $env:USERPROFILE, $env:ProgramFiles, (Split-Path -Parent $Postern), $helper) +
    @("NUL $((Invoke-Program $probe @('device-access', '\\.\NUL')).Lines -join ' ')")
}

function Test-Same {
    param([string]$Name, [string[]]$Before)
    $differences = @(Compare-Object $Before (Get-Access) | ForEach-Object { "$($_.SideIndicator) $($_.InputObject)" })
    Test-That $Name ($differences.Count -eq 0) $differences
}

# ---- what there is to try it on ----

function New-File {
    param([string]$Path)
    New-Item -ItemType Directory -Force -Path (Split-Path -Parent $Path) | Out-Null
    Set-Content -LiteralPath $Path -Value 'content' -Encoding ASCII
}

function New-Workspace {
    param([string]$Path, [bool]$Protected)
    New-File "$Path\file.txt"
    New-File "$Path\inner\file.txt"
    New-File "$Path\kept\file.txt"
    New-File "$Path\$unicode\file.txt"
    Set-Content -LiteralPath "$Path\$unicode\show.cmd" -Value '@echo [%1] [%2]', '@exit /b 3' -Encoding ASCII
    if ($Protected) { New-File "$Path\.git\config" }
}

# In the root of the system's drive: there users may read, and change what is in directories that others have made.
$base = Join-Path "$env:SystemDrive\" $tag
$profilePlace = Join-Path $env:USERPROFILE $tag
$tools = Join-Path $env:ProgramFiles $tag
$unicode = -join [char[]](0xdc, 0x6f, 0x20, 0x76ee, 0x5f55)
$probe = Join-Path $tools 'attempt.exe'
$helper = @(Get-ChildItem -LiteralPath (Split-Path -Parent (Split-Path -Parent $Postern)) -Recurse -Filter postern-runner.exe)[0].FullName
$address = ''
try {
    $address = @([Net.Dns]::GetHostAddresses('github.com') | Where-Object { $_.AddressFamily -eq 'InterNetwork' })[0].ToString()
}
catch { Write-Output "# no address to connect to: $_" }

New-Item -ItemType Directory -Path $base, $tools | Out-Null
try {
    Copy-Item -LiteralPath $Tool -Destination $probe
    New-File "$base\outside\file.txt"
    New-File "$base\secret\file.txt"
    New-File "$profilePlace\file.txt"
    $own = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    icacls.exe "$base\secret" /inheritance:r /grant "*${own}:(OI)(CI)F" | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "icacls ended with status $LASTEXITCODE" }
    New-Workspace "$base\workspace" $true
    New-Workspace "$base\plain" $false
    $policy = "$base\container.json"
    @{ version = '0.8.0'; containment = 'processcontainer'; filesystem = @{ readwritePaths = @("$base\plain") } } |
        ConvertTo-Json -Depth 4 | Set-Content -LiteralPath $policy -Encoding ASCII

    # InnerRules: a path in a writable one can be read-only. Denies: one can be denied. Private: what is not named and is
    # not everybody's cannot be read. Processes: what opening those of others is to answer.
    $all = @(
        @{ Name = 'restricted'; Options = @('--level', 'restricted', '--net', 'on'); Workspace = "$base\workspace"
            InnerRules = $true; Denies = $false; Private = $false; Network = 'refused'; Processes = '^refused 5$'
            PowerShell = $true; Doctor = 'restricted'
        },
        @{ Name = 'elevated'; Options = @('--level', 'elevated'); Workspace = "$base\workspace"
            InnerRules = $true; Denies = $true; Private = $true; Network = 'held'; Processes = '^refused 5$'
            PowerShell = $true; Doctor = 'elevated'
        },
        @{ Name = 'container'; Options = @('--level', 'restricted', '--policy', $policy); Workspace = "$base\plain"
            InnerRules = $false; Denies = $false; Private = $true; Network = 'held'; Processes = '^refused (2|5)$'
            PowerShell = $false; Doctor = ''
        }
    )
    foreach ($one in $all) { if ($Levels -contains $one.Name) { Test-Level $one } }
}
finally {
    Remove-Item -LiteralPath $base, $profilePlace, $tools -Recurse -Force -ErrorAction Continue
}
Write-Output "1..$script:count"
exit [int]($script:failed -ne 0)
