"""Downloads from a server of this machine; all files here are synthetic."""

from __future__ import annotations

import errno
import hashlib
import io
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pooch
import pytest

from urbanecon.cleaning import fetch as fetch_module
from urbanecon.cleaning.fetch import fetch, reachable, try_fetch_missing
from urbanecon.errors import ChecksumError, OutputError, SourceMissingError, UnknownNameError
from urbanecon.project import Project

GOOD = b"year,value\n" + b"2010,1.5\n" * 20_000
WRONG = b"<html>moved</html>"
CODEBOOK = """
[gdp]
unit = "yuan"
label_en = "Gross domestic product"
label_zh = "地区生产总值"
kind = "flow"
range = [0, 1.0e14]
level = "city"
sources = ["good"]
"""


class Server:
    """A server that answers by path and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_HEAD(self) -> None:
                server.asked.append(("HEAD", self.path))
                self.send_response(405)
                self.end_headers()

            def do_GET(self) -> None:
                server.asked.append(("GET", self.path))
                server.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def gets(self, path: str) -> int:
        return self.asked.count(("GET", path))

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        if path == "/gone" or (path == "/busy_once" and self.gets(path) == 1):
            handler.send_response(404 if path == "/gone" else 503)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body = WRONG if path == "/wrong" else GOOD
        broken = path == "/truncated" or (path == "/broken_once" and self.gets(path) == 1)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if broken else body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture(autouse=True)
def quick_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mirror, no proxy, and no long pauses between attempts."""
    monkeypatch.delenv("URBANECON_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch_module, "FIRST_WAIT", 0.01)


def make_project(root: Path, **urls: str) -> Project:
    """Make a project whose sources all have the bytes GOOD, by id and url."""
    text = "".join(
        f"""
[[source]]
id = "{name}"
kind = "file"
tier = "A"
file = "{name}/数据 {name}.csv"
bytes = {len(GOOD)}
sha256 = "{hashlib.sha256(GOOD).hexdigest()}"
repository = ""
commit = ""
url = "{url}"
licence = "MIT"
citation = "synthetic"
unit = "year"
years = "2010"
variables = "value"
notes = ""
feeds = ["E1"]
"""
        for name, url in urls.items()
    )
    (root / "data_raw").mkdir()
    (root / "data_raw" / "sources.toml").write_text(text, encoding="utf-8")
    (root / "data_raw" / "codebook.toml").write_text(CODEBOOK, encoding="utf-8")
    return Project(root)


def raw_files(project: Project) -> list[Path]:
    """Every file under data_raw/ beside the registry, temporary ones included."""
    return sorted(
        path for path in project.data_raw.rglob("*") if path.is_file() and path.suffix != ".toml"
    )


def refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_address() -> Iterator[str]:
    """An address that takes connections and never says a word, as a bad network does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"


# What arrives


def test_a_missing_file_is_downloaded_whole_and_alone_in_its_folder(
    tmp_path: Path, server: Server
) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    (located,) = fetch(["good"], project)
    assert located.origin == "download"
    assert located.path == project.data_raw / "good/数据 good.csv"
    assert located.path.read_bytes() == GOOD
    assert raw_files(project) == [located.path]


def test_a_downloaded_file_can_be_read_by_others(tmp_path: Path, server: Server) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    (located,) = fetch(None, project)
    assert located.path.stat().st_mode & 0o444 == 0o444


def test_what_is_present_is_not_downloaded_again(tmp_path: Path, server: Server) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    fetch(["good"], project)
    (located,) = fetch(["good", "good"], project)
    assert located.origin == "data_raw"
    assert server.gets("/good") == 1


@pytest.mark.parametrize("encoded", [True, False])
def test_a_chinese_address_is_asked_for_percent_encoded(
    tmp_path: Path, server: Server, encoded: bool
) -> None:
    path = "/原始数据/地级市 碳排放强度.xlsx"
    url = server.address + (quote(path) if encoded else path)
    project = make_project(tmp_path, good=url)
    fetch(["good"], project)
    assert server.gets(quote(path)) == 1


@pytest.mark.parametrize(("terminal", "progress"), [(True, True), (True, False), (False, True)])
def test_the_progress_bar_is_for_terminals_only(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    progress: bool,
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    project = make_project(tmp_path, good=f"{server.address}/good")
    fetch(["good"], project, progress=progress)
    if terminal and progress:
        assert "good: 100%" in screen.getvalue()
    else:
        assert screen.getvalue() == ""


def test_many_fetches_of_one_file_at_a_time_leave_one_good_file(
    tmp_path: Path, server: Server
) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: fetch(["good"], project), range(16)))
    assert {result[0].path for result in results} == {project.data_raw / "good/数据 good.csv"}
    (path,) = raw_files(project)
    assert path.read_bytes() == GOOD


# What does not arrive


def test_wrong_bytes_are_thrown_away_and_asked_for_once(tmp_path: Path, server: Server) -> None:
    project = make_project(tmp_path, wrong=f"{server.address}/wrong")
    with pytest.raises(ChecksumError) as caught:
        fetch(["wrong"], project)
    message = str(caught.value)
    assert f"{server.address}/wrong is not the file of source 'wrong'" in message
    assert f"expected sha256 {hashlib.sha256(GOOD).hexdigest()}" in message
    assert f"found {hashlib.sha256(WRONG).hexdigest()}" in message
    assert raw_files(project) == []
    assert server.gets("/wrong") == 1


def test_a_wrong_file_that_is_present_is_neither_replaced_nor_passed_over(
    tmp_path: Path, server: Server
) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    path = project.data_raw / "good/数据 good.csv"
    path.parent.mkdir()
    path.write_bytes(WRONG)
    with pytest.raises(ChecksumError, match=r"Delete it. Run `urbanecon fetch good`"):
        fetch(["good"], project)
    with pytest.raises(ChecksumError, match="Delete it"):
        try_fetch_missing(project, ["good"])
    assert path.read_bytes() == WRONG
    assert server.asked == []


def test_a_truncated_download_is_tried_again_and_never_kept(
    tmp_path: Path, server: Server
) -> None:
    project = make_project(tmp_path, truncated=f"{server.address}/truncated")
    with pytest.raises(
        SourceMissingError, match=r"127\.0\.0\.1:\d+ breaks off \(.*IncompleteRead"
    ):
        fetch(["truncated"], project, attempts=2)
    assert server.gets("/truncated") == 2
    assert raw_files(project) == []


@pytest.mark.parametrize("once", ["busy_once", "broken_once"])
def test_a_failure_that_passes_is_tried_again(tmp_path: Path, server: Server, once: str) -> None:
    project = make_project(tmp_path, once=f"{server.address}/{once}")
    (located,) = fetch(["once"], project)
    assert located.path.read_bytes() == GOOD
    assert server.gets(f"/{once}") == 2


def test_pauses_double_between_attempts(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(fetch_module.time, "sleep", pauses.append)
    monkeypatch.setattr(fetch_module, "FIRST_WAIT", 1.0)
    project = make_project(tmp_path, truncated=f"{server.address}/truncated")
    with pytest.raises(SourceMissingError):
        fetch(["truncated"], project, attempts=4)
    assert [pause for pause in pauses if pause >= 1] == [1.0, 2.0, 4.0]


def test_an_address_that_is_gone_is_asked_for_once(tmp_path: Path, server: Server) -> None:
    project = make_project(tmp_path, gone=f"{server.address}/gone")
    with pytest.raises(SourceMissingError, match=r"'gone' is not served at .*/gone \(HTTP 404\)"):
        fetch(["gone"], project)
    assert server.gets("/gone") == 1
    assert raw_files(project) == []


def test_one_bad_source_does_not_keep_the_others_away(tmp_path: Path, server: Server) -> None:
    names = ("gone", "wrong", "good")
    project = make_project(tmp_path, **{name: f"{server.address}/{name}" for name in names})
    with pytest.raises(SourceMissingError) as caught:
        fetch(None, project)
    message = str(caught.value)
    assert "2 sources could not be had" in message
    assert "- gone: Source 'gone' is not served" in message
    assert "- wrong: " in message
    assert raw_files(project) == [project.data_raw / "good/数据 good.csv"]


def test_a_source_without_address_cannot_be_fetched_but_is_no_bar_to_the_rest(
    tmp_path: Path, server: Server
) -> None:
    project = make_project(tmp_path, typed="", good=f"{server.address}/good")
    with pytest.raises(SourceMissingError, match=r"cannot be downloaded.* data_raw/typed/"):
        fetch(["typed"], project)
    (located,) = fetch(None, project)
    assert located.source.id == "good"


def test_an_unknown_id_is_suggested_before_anything_is_asked_for(
    tmp_path: Path, server: Server
) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    with pytest.raises(UnknownNameError, match="Did you mean 'good'"):
        fetch(["good", "goood"], project)
    assert server.asked == []


def test_an_address_that_cannot_be_asked_is_a_missing_source(
    tmp_path: Path, server: Server
) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good", odd="http://127.0.0.1:99999/x")
    with pytest.raises(SourceMissingError, match="'odd' is not served"):
        fetch(None, project)


# The disk


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path, server: Server) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    (project.data_raw / "good").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match=r"Cannot write .*good"):
        fetch(["good"], project)


def test_a_full_disk_is_an_output_error_and_leaves_nothing(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object, url: str, output_file: str, __: object) -> None:
        Path(output_file).write_bytes(GOOD[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    project = make_project(tmp_path, good=f"{server.address}/good")
    with pytest.raises(OutputError, match="No space left on device"):
        fetch(["good"], project)
    assert raw_files(project) == []


def test_an_interrupted_download_leaves_nothing_and_can_be_repeated(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object, url: str, output_file: str, __: object) -> None:
        Path(output_file).write_bytes(GOOD[:100])
        raise KeyboardInterrupt

    project = make_project(tmp_path, good=f"{server.address}/good")
    with monkeypatch.context() as patch:
        patch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch(["good"], project)
    assert raw_files(project) == []
    (located,) = fetch(["good"], project)
    assert located.path.read_bytes() == GOOD


# Without internet


def test_a_refused_port_fails_at_once_and_names_the_host(tmp_path: Path) -> None:
    port = refused_port()
    project = make_project(tmp_path, good=f"http://127.0.0.1:{port}/x")
    start = time.perf_counter()
    with pytest.raises(SourceMissingError, match=f"127.0.0.1:{port} does not answer"):
        fetch(["good"], project)
    assert time.perf_counter() - start < 2


def test_the_probe_keeps_its_time_on_a_network_that_swallows_everything(
    silent_address: str,
) -> None:
    start = time.perf_counter()
    assert not reachable(silent_address, timeout=0.3)
    assert time.perf_counter() - start < 1


def test_the_probe_keeps_its_time_when_the_resolver_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> None:
        released.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.perf_counter()
    assert not reachable("https://raw.example.org/x", timeout=0.3)
    assert time.perf_counter() - start < 1
    released.set()


def test_any_answer_counts_as_reachable(server: Server) -> None:
    assert reachable(f"{server.address}/gone")


def test_without_internet_many_missing_files_cost_one_probe(
    tmp_path: Path, silent_address: str
) -> None:
    project = make_project(tmp_path, **{f"s{number}": silent_address for number in range(20)})
    start = time.perf_counter()
    located, missing = try_fetch_missing(project, timeout=0.3)
    assert time.perf_counter() - start < 1.5
    assert located == []
    assert list(missing) == [f"s{number}" for number in range(20)]
    assert all("does not answer" in reason for reason in missing.values())
    assert raw_files(project) == []


def test_a_fetch_without_internet_says_so_once_for_all_sources(
    tmp_path: Path, silent_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_module, "PROBE_TIMEOUT", 0.3)
    project = make_project(tmp_path, one=silent_address, two=silent_address)
    with pytest.raises(SourceMissingError) as caught:
        fetch(None, project)
    assert str(caught.value).count("does not answer") == 1
    assert "- one, two: " in str(caught.value)


def test_trying_gets_what_is_served_and_gives_a_reason_for_the_rest_in_order(
    tmp_path: Path, server: Server
) -> None:
    names = ("gone", "good", "wrong", "truncated", "late")
    urls = {name: f"{server.address}/{name}" for name in names}
    project = make_project(tmp_path, typed="", **urls)
    located, missing = try_fetch_missing(project, progress=False)
    assert [one.source.id for one in located] == ["good"]
    assert list(missing) == ["typed", "gone", "wrong", "truncated", "late"]
    assert "cannot be downloaded" in missing["typed"]
    assert "HTTP 404" in missing["gone"]
    assert "expected sha256" in missing["wrong"]
    assert "breaks off" in missing["truncated"]
    assert server.gets("/truncated") == 1
    assert server.gets("/late") == 0


def test_trying_asks_for_nothing_when_nothing_is_missing(tmp_path: Path, server: Server) -> None:
    project = make_project(tmp_path, good=f"{server.address}/good")
    fetch(["good"], project)
    asked = len(server.asked)
    located, missing = try_fetch_missing(project)
    assert ([one.origin for one in located], missing) == (["data_raw"], {})
    assert len(server.asked) == asked
