# Runs ctest on real Windows, prints what was skipped and why, and takes it for a failure when a test that can only be
# shown on real Windows believes to be on Wine. usage: windows-ctest.ps1 -Build DIR [-Jobs N]
param(
    [Parameter(Mandatory = $true)][string]$Build,
    [ValidateRange(1, 64)][int]$Jobs = 2
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'windows-build.ps1')
# The one that configured the build may be Visual Studio's, which is found from its own prompt only.
if ($null -eq (Get-Command 'ctest.exe' -CommandType Application -ErrorAction SilentlyContinue)) { Enter-VisualStudio }

& ctest.exe @('--test-dir', $Build, '--output-on-failure', '--no-tests=error', '-j', "$Jobs")
$status = $LASTEXITCODE

$log = Join-Path $Build 'Testing\Temporary\LastTest.log'
if (-not (Test-Path -LiteralPath $log)) { throw "ctest has left no $log" }
$skips = @(Get-Content -LiteralPath $log | Where-Object { $_ -match '^# SKIP: ' })
$skips | Group-Object | ForEach-Object { Write-Output ('SKIP {0} x {1}' -f $_.Count, $_.Name.Substring(8)) }
$mistaken = @($skips | Where-Object { $_ -match '\bWine\b' })
if ($mistaken.Count -gt 0) {
    Write-Output "$($mistaken.Count) tests take this machine for Wine"
    $status = 1
}
exit $status
