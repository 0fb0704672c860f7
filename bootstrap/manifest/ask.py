"""What an endpoint says of a model at the commit of its manifest. No token is sent: what is asked is public."""

from __future__ import annotations

import re

import msgspec
import requests
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import ModelInfo, RepoSibling

from doctor.errors import Exit, Trouble
from doctor.goal.profile import ModelWant
from doctor.text import Text

PATIENCE = 30.0  # seconds for one question


class File(msgspec.Struct, frozen=True):
    """One file, and the one hash by which the Hub names it."""

    size: int
    sha256: str | None = None  # of large files
    git: str | None = None  # of the others: git's blob SHA-1


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    id: str  # another one where it was renamed
    files: dict[str, File]
    main: str  # the commit that `main` is now
    licence: str
    gated: str


class Gone(msgspec.Struct, frozen=True):
    """There is no such model, or not at that commit; the answer in a few words."""

    said: str


def ask(model: ModelWant, endpoint: str) -> Seen | Gone:
    """Raises Trouble (exit 5) when the endpoint does not answer, or not as a Hub does."""
    api = HfApi(endpoint=endpoint, token=False)
    try:
        newest = api.model_info(model.id, timeout=PATIENCE)
        # By the name that it has now: a redirect may drop what was asked.
        pinned = api.model_info(newest.id, revision=model.revision, timeout=PATIENCE, files_metadata=True)
        return seen(model, pinned, newest)
    except RevisionNotFoundError:
        return Gone("not at this commit")
    except RepositoryNotFoundError as error:  # a gated one is a kind of it
        if not isinstance(error, GatedRepoError):
            return Gone("no such model, or a private one")
        raise _silent(model, endpoint, "gated, and it does not list the files without a token") from error
    except HfHubHTTPError as error:
        raise _silent(model, endpoint, said_by(error)) from error
    except requests.JSONDecodeError as error:
        raise _not_a_hub(model, endpoint, "a page, or a text that is no JSON") from error
    except (requests.RequestException, OSError) as error:
        raise _silent(model, endpoint, _short(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_a_hub(model, endpoint, str(error) or type(error).__name__) from error


def seen(model: ModelWant, pinned: ModelInfo, newest: ModelInfo) -> Seen:
    """Raises ValueError where the answer cannot be that of a Hub about this commit."""
    if pinned.sha != model.revision:
        raise ValueError(f"it answers for commit {pinned.sha}")
    return Seen(
        id=pinned.id,
        files={sibling.rfilename: file_of(sibling) for sibling in pinned.siblings or ()},
        main=str(newest.sha),
        licence=str(getattr(pinned.card_data, "license", None) or "none stated"),
        gated=str(pinned.gated or "no"),
    )


def file_of(sibling: RepoSibling) -> File:
    """Raises ValueError where size or hash is missing: mirrors exist that pass on the names alone."""
    lfs = sibling.lfs
    size, name = (lfs.size, lfs.sha256) if lfs else (sibling.size, sibling.blob_id)
    digits = 64 if lfs else 40
    if not isinstance(size, int) or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", name or ""):
        raise ValueError(f"no size or no hash of {sibling.rfilename}")
    return File(size, sha256=name) if lfs else File(size, git=name)


def said_by(error: HfHubHTTPError) -> str:
    return f"HTTP {error.response.status_code}" if error.response is not None else str(error)[:200]


def _short(error: Exception) -> str:
    """The innermost cause: requests and urllib3 wrap it in their own words."""
    text = re.sub(r"<[^>]*>", "", str(error))
    found = re.search(
        r"\[Errno -?\d+\] [^'\")]+|timed out|Connection refused|OfflineModeIsEnabled|offline mode", text
    )
    return found[0] if found else text[:200] or type(error).__name__


def _silent(model: ModelWant, endpoint: str, why: str) -> Trouble:
    return Trouble(
        Text(
            f"{endpoint} does not say what {model.id} is: {why}",
            f"无法从 {endpoint} 获取 {model.id} 的信息：{why}",
        ),
        Exit.NETWORK,
        Text(
            "nothing was changed; another endpoint: --endpoint URL",
            "没有作任何改动；换一个站点：--endpoint 网址",
        ),
    )


def _not_a_hub(model: ModelWant, endpoint: str, why: str) -> Trouble:
    return _silent(model, endpoint, f"not a Hub's answer ({why})")
