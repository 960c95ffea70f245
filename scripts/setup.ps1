# Builds postern on Windows with MSVC and vcpkg, installs it, and sets the host up for sandbox accounts.
# usage, in a PowerShell that was opened with "Run as administrator":
#   powershell -ExecutionPolicy Bypass -File scripts\setup.ps1 [-Prefix DIR] [-Accounts N] [-SkipBuild]
#   ... scripts\setup.ps1 -Check     changes nothing: what is missing for building, and how postern is set up
#   ... scripts\setup.ps1 -Undo      takes the set-up back; postern stays installed
# It needs Visual Studio 2022's C++ tools, CMake, Ninja and vcpkg, and says which of them is missing and how to get it.
# Exit status: 0 done, or all is as wanted; 1 -Check has found something that is not; 2 it could not be done;
# another: that of `postern setup`.
[CmdletBinding()]
param(
    [string]$Prefix = (Join-Path $env:ProgramFiles 'postern'),
    [ValidateRange(1, 16)][int]$Accounts,
    [switch]$SkipBuild,
    [switch]$Check,
    [switch]$Undo
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$project = Split-Path -Parent $PSScriptRoot
. (Join-Path $PSScriptRoot 'lib\windows-build.ps1')

function Stop-Here {
    param([string]$Message, [int]$Status = 2)
    [Console]::Error.WriteLine("setup.ps1: $Message")
    exit $Status
}

function Test-Administrator {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object Security.Principal.WindowsPrincipal($identity)
    $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

# Beneath the build folder, so that none of it is anywhere else when this is over.
function Install-Postern {
    $build = Join-Path $project 'build\setup'
    Invoke-Configure $project $build @('-DPOSTERN_TESTS=OFF', '-DVCPKG_MANIFEST_NO_DEFAULT_FEATURES=ON',
        "-DCMAKE_INSTALL_PREFIX=$Prefix")
    Invoke-Program 'cmake.exe' @('--build', $build)
    Invoke-Program 'cmake.exe' @('--install', $build)
}

# Says what building needs and is missing; whether that is nothing.
function Test-Build {
    try {
        Write-Host "building: vcpkg is $(Enter-Build)"
        return $true
    }
    catch {
        Write-Host "building: $($_.Exception.Message)"
        return $false
    }
}

function Invoke-Setup {
    param([string[]]$Options)
    Write-Host "> $postern setup $($Options -join ' ')"
    & $postern setup @Options
    $script:status = $LASTEXITCODE
}

if ($Check -and $Undo) { Stop-Here '-Check and -Undo cannot be had together' }
# As an absolute path, without a "\" at its end, which would take the quote behind it away on a command line.
$Prefix = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Prefix).TrimEnd('\')
$postern = Join-Path $Prefix 'bin\postern.exe'
$installed = Test-Path -LiteralPath $postern
$status = 0

if ($Check) {
    $ready = Test-Build
    if (-not $installed) {
        Write-Host "installed: no, there is no $postern"
        exit 1
    }
    Write-Host "installed: $postern"
    if (-not (Test-Administrator)) {
        Stop-Here 'how it is set up only an administrator may see: use a PowerShell that was opened with "Run as administrator"'
    }
    Invoke-Setup @('--check')
    if ($status -eq 0 -and -not $ready) { exit 1 }
    exit $status
}

if (-not (Test-Administrator)) {
    Stop-Here ('this needs an administrator: open a PowerShell with "Run as administrator" and start it again there. ' +
        '-Check works without')
}
if ($Undo -or $SkipBuild) {
    if (-not $installed) { Stop-Here "there is no ${postern}: run this without -SkipBuild and -Undo, or name its -Prefix" }
}
else {
    try { Install-Postern } catch { Stop-Here $_.Exception.Message }
}
$options = @()
if ($Undo) { $options += '--undo' }
if ($PSBoundParameters.ContainsKey('Accounts')) { $options += @('--accounts', "$Accounts") }
Invoke-Setup $options
exit $status
