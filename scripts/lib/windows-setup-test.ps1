# The test of `postern setup` on real Windows, as administrator (TAP output): check, set up, what came of it, again,
# interrupted, undone, and the host as it was. usage: windows-setup-test.ps1 PATH\postern.exe
param([Parameter(Mandatory = $true)][string]$Postern)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$state = Join-Path $PSScriptRoot 'windows-state.ps1'
$script:count = 0
$script:failed = 0

function Test-That {
    param([string]$Name, [bool]$Holds, [string[]]$Details = @())
    $script:count++
    if (-not $Holds) { $script:failed++ }
    Write-Output "$(if ($Holds) { 'ok' } else { 'not ok' }) $script:count - $Name"
    if (-not $Holds) { $Details | ForEach-Object { Write-Output "# $_" } }
}

# All that it writes is shown if the status is another.
function Test-Setup {
    param([string]$Name, [int]$Status, [string[]]$Arguments = @())
    $ErrorActionPreference = 'Continue' # its messages on stderr are no errors of ours
    $output = @(& $Postern setup @Arguments 2>&1 | ForEach-Object { "$_" })
    $got = $LASTEXITCODE
    Test-That "$Name (status $Status)" ($got -eq $Status) (@("status $got") + $output)
}

function Get-State { @(& $state) }

function Test-Same {
    param([string]$Name, [string[]]$Before)
    $differences = @(Compare-Object $Before (Get-State) | ForEach-Object { "$($_.SideIndicator) $($_.InputObject)" })
    Test-That $Name ($differences.Count -eq 0) $differences
}

# The password as the launcher will read it: for the machine, with the purpose as entropy.
function Get-Credential-Of {
    param([string]$Name)
    Add-Type -AssemblyName System.Security
    $sealed = [IO.File]::ReadAllBytes((Join-Path $env:ProgramData "postern\setup\$Name.secret"))
    $purpose = [Text.Encoding]::ASCII.GetBytes("postern sandbox account`0")
    $scope = [Security.Cryptography.DataProtectionScope]::LocalMachine
    $text = [Text.Encoding]::Unicode.GetString([Security.Cryptography.ProtectedData]::Unprotect($sealed, $purpose, $scope))
    New-Object Management.Automation.PSCredential("$env:COMPUTERNAME\$Name", (ConvertTo-SecureString $text -AsPlainText -Force))
}

# The status that PowerShell ends with when it runs this code as an account. Encoded, because quotes would not arrive.
function Get-Status-As {
    param([string]$Name, [string]$Code)
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes("try { $Code; exit 0 } catch { exit 7 }"))
    $process = Start-Process -FilePath "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe" `
        -ArgumentList @('-NoProfile', '-NonInteractive', '-EncodedCommand', $encoded) `
        -WorkingDirectory "$env:SystemRoot\System32" -Credential (Get-Credential-Of $Name) -WindowStyle Hidden -PassThru
    $null = $process.Handle # without it the status is lost
    if (-not $process.WaitForExit(120000)) {
        $process.Kill()
        return 'timeout'
    }
    "$($process.ExitCode)"
}

# An online account can do it (0), an offline one cannot (7): without the first the second would mean nothing.
function Test-Network {
    param([string]$Name, [string]$Code)
    $online = Get-Status-As 'postern-online-1' $Code
    $offline = Get-Status-As 'postern-offline-1' $Code
    Test-That "an online account can $Name" ($online -eq '0') @("status $online")
    Test-That "an offline account cannot $Name" ($offline -eq '7') @("status $offline")
}

function Test-Connection-To {
    param([Net.IPAddress]$Address)
    $listener = New-Object Net.Sockets.TcpListener($Address, 0)
    $listener.Start()
    try {
        Test-Network "connect to a listener at $Address" ("`$socket = New-Object Net.Sockets.TcpClient(" +
            "[Net.Sockets.AddressFamily]::$($Address.AddressFamily)); " +
            "`$socket.Connect([Net.IPAddress]::Parse('$Address'), $($listener.LocalEndpoint.Port))")
    }
    finally { $listener.Stop() }
}

# Ends postern after it has told so many items.
function Stop-Setup-After {
    param([int]$Lines, [string]$Arguments)
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = (Resolve-Path -LiteralPath $Postern).Path
    $start.Arguments = $Arguments
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $process = [Diagnostics.Process]::Start($start)
    for ($i = 0; $i -lt $Lines -and $null -ne $process.StandardOutput.ReadLine(); $i++) { }
    if (-not $process.HasExited) { $process.Kill() }
    $process.WaitForExit()
}

$before = Get-State
Test-Setup 'nothing is set up' 1 @('--check')
Test-Same 'looking changes nothing' $before
Test-Setup 'set up' 0 @('--accounts', '2')
Test-Setup 'all is as wanted' 0 @('--check')

$users = @(Get-LocalUser -Name 'postern-*')
Test-That 'four accounts' ($users.Count -eq 4) ($users | ForEach-Object { $_.Name })
Test-That 'their passwords never expire' (@($users | Where-Object { $null -ne $_.PasswordExpires }).Count -eq 0)
$group = [string]::Join("`n", @(net.exe localgroup postern-sandbox))
Test-That 'all in the group' (@($users | Where-Object { $group -notmatch [regex]::Escape($_.Name) }).Count -eq 0) @($group)
$administrators = [string]::Join("`n", @(Get-LocalGroup -SID S-1-5-32-544 | ForEach-Object { net.exe localgroup $_.Name }))
Test-That 'no administrators' ($administrators -notmatch 'postern-') @($administrators)
$list = Get-Item -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\SpecialAccounts\UserList'
Test-That 'hidden at sign-in' (@($users | Where-Object { $list.GetValue($_.Name) -ne 0 }).Count -eq 0)
$rule = @(Get-NetFirewallRule -DisplayName 'postern: no network for offline sandboxes')
Test-That 'one firewall rule' ($rule.Count -eq 1 -and $rule[0].Direction -eq 'Outbound' -and $rule[0].Action -eq 'Block')
$for = "$(($rule | Get-NetFirewallSecurityFilter).LocalUser)"
$offline = @($users | Where-Object { $_.Name -like 'postern-offline-*' })
Test-That 'for the offline accounts' (@($offline | Where-Object { $for -notmatch [regex]::Escape("$($_.SID)") + '\)' }).Count -eq 0) @($for)
$own = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
$readers = @((Get-Acl -LiteralPath "$env:ProgramData\postern\setup\postern-online-1.secret").Access | ForEach-Object {
        $_.IdentityReference.Translate([Security.Principal.SecurityIdentifier]).Value } | Sort-Object -Unique)
$wanted = @('S-1-5-18', 'S-1-5-32-544', $own) | Sort-Object -Unique
Test-That 'passwords are for administrators, the system and us' ("$readers" -eq "$wanted") @("$readers")

$filters = @(Get-State | Where-Object { $_ -like 'network *' })
$blocking = @($filters | Where-Object { $_ -like 'network filter *FWP_ACTION_BLOCK*FWPM_FILTER_FLAG_PERSISTENT*' })
Test-That 'eight network filters' ($blocking.Count -eq 8) $filters
Test-That 'with a provider and a sub-layer' ($filters.Count -eq 10) $filters
$missed = @(foreach ($line in $blocking) { $offline | Where-Object { $line -notmatch [regex]::Escape("$($_.SID)") + '\)' } })
Test-That 'each for all offline accounts' ($missed.Count -eq 0) $blocking

Test-Network 'reach the network' '(New-Object Net.Sockets.TcpClient).Connect("github.com", 443)'
Test-Connection-To ([Net.IPAddress]::Loopback)
Test-Connection-To ([Net.IPAddress]::IPv6Loopback)
Test-Network 'listen on loopback' '(New-Object Net.Sockets.TcpListener([Net.IPAddress]::Loopback, 0)).Start()'
Test-Network 'listen on loopback, IPv6' '(New-Object Net.Sockets.TcpListener([Net.IPAddress]::IPv6Loopback, 0)).Start()'
Test-Network 'send a datagram on loopback' '[void](New-Object Net.Sockets.UdpClient).Send([byte[]](1), 1, "127.0.0.1", 9)'

$after = Get-State
Test-Setup 'set up once more' 0
Test-Same 'changes nothing' $after
Disable-LocalUser -Name postern-online-2
Test-Setup 'a disabled account' 1 @('--check')
Test-Setup 'is repaired' 0
Test-Setup 'and right again' 0 @('--check')
Test-Setup 'undone' 0 @('--undo')
Test-Same 'the host is as before' $before

foreach ($lines in 1, 4, 9, 15, 22, 24) {
    Stop-Setup-After $lines 'setup --accounts 2'
    Test-Setup "interrupted after $lines items, and undone" 0 @('--undo')
    Test-Same 'the host is as before' $before
    Test-Setup 'set up again' 0 @('--accounts', '2')
    Stop-Setup-After $lines 'setup --undo'
    Test-Setup "undoing interrupted after $lines items, and gone on with" 0 @('--undo')
    Test-Same 'the host is as before' $before
}
Write-Output "1..$script:count"
exit [int]($script:failed -ne 0)
