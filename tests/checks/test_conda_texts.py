"""Error texts of conda and of hosted notebooks, as people paste them, and the finding that each belongs to."""

from __future__ import annotations

import pytest

from doctor.texts.search import by_text

TEXTS = [
    (
        "conda-condarc-invalid",
        "CustomValidationError: Parameter ssl_verify = '/etc/ca.crt' declared in /root/.condarc is invalid.\n"
        "ssl_verify value '/etc/ca.crt' must be a boolean, a path to a certificate bundle file",
    ),
    (
        "conda-tos-not-accepted",
        "CondaToSNonInteractiveError: Terms of Service have not been accepted for the following channels. "
        "Please accept or remove them before proceeding:\n    - https://repo.anaconda.com/pkgs/main",
    ),
    (
        "conda-tos-rejected",
        "CondaToSRejectedError: Terms of Service has been rejected for the following channels.",
    ),
    (
        "conda-no-channels",
        "NoChannelsConfiguredError: No channels are configured. Conda requires at least one channel to search for packages.",
    ),
    ("conda-not-initialised", "CondaError: Run 'conda init' before 'conda activate'"),
    (
        "conda-not-initialised",
        "CommandNotFoundError: Your shell has not been properly configured to use 'conda activate'.",
    ),
    ("conda-not-initialised", "bash: conda: command not found"),
    (
        "conda-base-broken",
        'Traceback (most recent call last):\n  File "/root/miniconda3/bin/conda", line 12, in <module>\n'
        "    from conda.cli import main\nModuleNotFoundError: No module named 'conda'",
    ),
    (
        "conda-moved",
        "-bash: /root/m/bin/conda: /opt/miniconda3/bin/python: bad interpreter: No such file or directory",
    ),
    (
        "conda-libmamba-libarchive",
        "Error while loading conda entry point: conda-libmamba-solver "
        "(libarchive.so.19: cannot open shared object file: No such file or directory)",
    ),
    ("conda-pkgs-no-space", "NoSpaceLeftError: No space left on devices."),
    (
        "conda-condarc-unreadable",
        "ConfigurationLoadError: Unable to load configuration file.\n  path: /root/.condarc\n"
        "  reason: invalid yaml at line 2, column 0",
    ),
    (
        "conda-record-unreadable",
        "CorruptedEnvironmentError: The target environment has been corrupted. Corrupted environments most commonly\n"
        "occur when the conda process is force-terminated while in an unlink-link\ntransaction.",
    ),
    (
        "conda-env-not-writable",
        "EnvironmentNotWritableError: The current user does not have write permissions to the target environment.",
    ),
    (
        "conda-env-frozen",
        "EnvironmentIsFrozenError: Cannot modify '/opt/conda'. The environment is marked as frozen.",
    ),
    (
        "conda-not-writable",
        "NoWritableEnvsDirError: No writeable envs directories configured.\n  - /opt/conda/envs",
    ),
    ("conda-pkgs-not-writable", "NoWritablePkgsDirError: No writeable pkgs directories configured."),
    (
        "conda-pkgs-corrupt",
        "CondaVerificationError: The package for numpy located at /root/miniconda3/pkgs/numpy-2.4.6\n"
        "appears to be corrupted. The path 'lib/x' specified in the package manifest cannot be found.",
    ),
    ("conda-lock-held", "LockError: Failed to acquire lock."),
    (
        "conda-history-missing",
        "EnvironmentLocationNotFound: Not a conda environment: /root/miniconda3/envs/x",
    ),
    ("conda-other-first", "EnvironmentNameNotFound: Could not find conda environment: course"),
    (
        "conda-pins-other-versions",
        "SpecsConfigurationConflictError: Requested specs conflict with configured specs.\n  requested specs:\n",
    ),
    ("conda-proxy-dead", "ProxyError: Conda cannot proceed due to an error in your proxy configuration."),
    ("colab-no-gpu-runtime", "You cannot currently connect to a GPU due to usage limits in Colab."),
    (
        "colab-drive-not-mounted",
        "FileNotFoundError: [Errno 2] No such file or directory: '/content/drive/MyDrive/a.csv'",
    ),
    ("colab-drive-not-mounted", "MessageError: Error: credential propagation was unsuccessful"),
    ("colab-restart-needed", "You must restart the runtime in order to use newly installed versions."),
    ("kernel-restart-needed", "Note: you may need to restart the kernel to use updated packages."),
]


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_a_pasted_text_names_its_finding_first(name: str, text: str) -> None:
    assert [match.id for match in by_text(text)][:1] == [name]
