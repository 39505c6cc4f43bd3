"""Downloads against a server on this machine: announced, resumed, checked, atomic, never unasked."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch

from utils.data import cifar10, download, fashion_mnist, full, mnist
from utils.data.download import DataNotice, DownloadError, Remote, fetch

BODY = bytes(range(256)) * 5000


class Server(BaseHTTPRequestHandler):
    """Serves ``files``; ``cut`` closes the connection after that many bytes of the first answer."""

    files: dict[str, bytes] = {}
    cut: int | None = None
    ranges = True
    asked: list[str | None] = []
    slow: threading.Event | None = None  # sends half, and waits for it before the rest

    def do_GET(self):
        if self.path == "/garbled/a.bin":
            self.wfile.write(b"\x00no status line at all\r\n\r\n")
            return
        if self.path == "/chunks/a.bin":  # a chunk that is promised and breaks off
            self.protocol_version = "HTTP/1.1"
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n%x\r\nfew" % (300_000, BODY[:300_000], 300_000))
            self.close_connection = True
            return
        body = self.files.get(self.path)
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        if body is None:
            self.send_error(404)
            return
        start = int(wanted[6:-1]) if wanted and self.ranges else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        sent = body[start:]
        if type(self).cut is not None:
            sent, type(self).cut = sent[: type(self).cut], None
        if self.slow is not None:
            self.wfile.write(sent[: len(sent) // 2])
            self.wfile.flush()
            self.slow.wait(20)
            sent = sent[len(sent) // 2 :]
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Server.files, Server.cut, Server.ranges, Server.asked = {"/a.bin": BODY}, None, True, []
    Server.slow = None
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "_noticed", set())
    monkeypatch.setenv("BOOK_DATA", str(tmp_path))
    monkeypatch.delenv("BOOK_DOWNLOAD", raising=False)
    monkeypatch.setattr(full, "_DEBIAN", tmp_path / "no-debian")


def remote(*urls: str, body: bytes = BODY, kind: str = "sha256") -> Remote:
    return Remote(urls, len(body), f"{kind}:{hashlib.new(kind, body).hexdigest()}")


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_download_is_announced_and_whole(server, tmp_path, capsys, kind):
    path = fetch(remote(f"{server}/a.bin", kind=kind), tmp_path / "new")
    assert path.read_bytes() == BODY and os.listdir(path.parent) == ["a.bin"]
    said = capsys.readouterr().err
    assert f"Fetching {server}/a.bin (1 MB)" in said
    assert fetch(remote(f"{server}/a.bin", kind=kind), tmp_path / "new") == path
    assert len(Server.asked) == 1  # the second time it is there


def test_an_interrupted_download_goes_on_from_where_it_stopped(server, tmp_path):
    Server.cut = 300_000
    with pytest.raises(
        DownloadError, match="a.bin: .*300000 bytes are kept and the next try goes on from there"
    ):
        fetch(remote(f"{server}/a.bin"), tmp_path)
    assert not (tmp_path / "a.bin").exists() and (tmp_path / "a.bin.part").stat().st_size == 300_000
    assert fetch(remote(f"{server}/a.bin"), tmp_path).read_bytes() == BODY
    assert Server.asked == [None, "bytes=300000-"]


def test_a_server_that_cannot_resume_starts_over(server, tmp_path):
    Server.ranges = False
    (tmp_path / "a.bin.part").write_bytes(b"x" * 1000)
    assert fetch(remote(f"{server}/a.bin"), tmp_path).read_bytes() == BODY


def test_a_part_that_is_already_whole_is_used(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(BODY)
    assert fetch(remote(f"{server}/a.bin"), tmp_path).read_bytes() == BODY


def test_wrong_bytes_are_thrown_away(server, tmp_path):
    wanted = remote(f"{server}/a.bin", body=b"something else")
    with pytest.raises(
        DownloadError, match="could not fetch a.bin: .*its sha256 is wrong, so it was thrown away"
    ):
        fetch(wanted, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_damaged_file_is_fetched_again(server, tmp_path, capsys):
    (tmp_path / "a.bin").write_bytes(BODY[:-1])
    assert fetch(remote(f"{server}/a.bin"), tmp_path).read_bytes() == BODY
    assert "is damaged; fetching it again" in capsys.readouterr().err


def test_mirrors_are_tried_in_turn_and_all_named(server, tmp_path):
    assert fetch(remote(f"{server}/none/a.bin", f"{server}/a.bin"), tmp_path).read_bytes() == BODY
    with pytest.raises(DownloadError, match="one.bin: HTTP Error 404.*two.bin: HTTP Error 404"):
        fetch(remote(f"{server}/one.bin", f"{server}/two.bin"), tmp_path)


def test_a_garbled_answer_goes_to_the_next_mirror(server, tmp_path):
    assert fetch(remote(f"{server}/garbled/a.bin", f"{server}/a.bin"), tmp_path).read_bytes() == BODY
    with pytest.raises(DownloadError, match="garbled/a.bin: .*no status line"):
        fetch(remote(f"{server}/garbled/a.bin"), tmp_path / "b")


def test_a_chunk_that_breaks_off_is_kept_for_the_next_mirror(server, tmp_path):
    with pytest.raises(DownloadError, match="closed after 300000 bytes; 300000 bytes are kept"):
        fetch(remote(f"{server}/chunks/a.bin"), tmp_path)
    assert fetch(remote(f"{server}/a.bin"), tmp_path).read_bytes() == BODY
    assert Server.asked == ["bytes=300000-"]


@pytest.mark.parametrize("first_fails", [False, True])
def test_two_that_fetch_at_once_both_have_the_file(server, tmp_path, first_fails):
    """In one process or two, it is the same: a ``.part`` file each."""
    Server.slow, wanted = threading.Event(), remote(f"{server}/a.bin")
    if first_fails:
        Server.cut = 1000
    results = []

    def one():
        try:
            results.append(fetch(wanted, tmp_path).read_bytes() == BODY)
        except DownloadError as error:
            results.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    until = time.time() + 20
    while len(list(tmp_path.glob("a.bin.*.part"))) < 2 and time.time() < until:
        time.sleep(0.01)
    Server.slow.set()
    for thread in threads:
        thread.join()
    if first_fails:
        results.sort(key=str)
        assert results[0] is True and "1000 bytes are kept" in results[1]
    else:
        assert results == [True, True]
        assert os.listdir(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_what_a_killed_process_left_is_taken_over_in_time(server, tmp_path):
    left = tmp_path / "a.bin.0123abcd.part"
    left.write_bytes(BODY[:400_000])
    assert fetch(remote(f"{server}/a.bin"), tmp_path).read_bytes() == BODY
    assert Server.asked == [None] and left.exists()  # it may be at work
    (tmp_path / "a.bin").unlink()
    os.utime(left, (time.time() - 1000,) * 2)
    assert fetch(remote(f"{server}/a.bin"), tmp_path).read_bytes() == BODY
    assert Server.asked == [None, "bytes=400000-"] and os.listdir(tmp_path) == ["a.bin"]


def test_a_folder_that_cannot_be_made_is_named_with_the_way_out(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        DownloadError, match=r"could not fetch a.bin to .*file.b: .*; BOOK_DATA can name another"
    ):
        fetch(remote(f"{server}/a.bin"), tmp_path / "file" / "b")


def no_home(monkeypatch):
    def missing(self=None):
        raise RuntimeError("Could not determine home directory.")

    for name in ("BOOK_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download.Path, "home", missing)
    monkeypatch.setattr(download.Path, "expanduser", missing)


@pytest.mark.parametrize("ask", [None, True])
def test_without_a_home_folder_the_small_set_is_there(monkeypatch, ask):
    no_home(monkeypatch)
    with pytest.raises(
        DownloadError, match="^no home folder to keep data in .*; BOOK_DATA can name a folder$"
    ):
        download.data_folder()
    reason = "no home folder" if ask else "it isn't installed"
    with pytest.warns(DataNotice, match=f"mnist .* is replaced by mnist_small: {reason}"):
        assert mnist(download=ask, n_train=5).name == "mnist_small"


def test_a_data_folder_in_the_way_falls_back_and_says_so(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BOOK_DATA", str(tmp_path / "file"))
    with pytest.warns(DataNotice, match="is replaced by mnist_small: could not fetch .*BOOK_DATA can name"):
        assert mnist(download=True, n_train=5).name == "mnist_small"


def test_the_final_name_appears_only_by_replace(server, tmp_path, monkeypatch):
    replace = os.replace

    def die(source, target):
        if target == tmp_path / "a.bin":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(download.os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        fetch(remote(f"{server}/a.bin"), tmp_path)
    assert os.listdir(tmp_path) == ["a.bin.part"]


@pytest.mark.parametrize("loader", [mnist, fashion_mnist, cifar10])
def test_without_being_asked_nothing_is_fetched_and_one_notice_is_given(loader, no_network):
    with pytest.warns(
        DataNotice, match=r"\(\d+ MB\) is replaced by \w+: it isn't installed; download=True"
    ) as caught:
        small = loader(n_train=50, n_test=20)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert (
        small.name in ("mnist_small", "shapes") and small.x_train.shape[0] == 50 and len(small.y_test) == 20
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loader(n_train=1)


def test_a_network_that_fails_falls_back_and_says_why(monkeypatch):
    gone = tuple(Remote(("http://127.0.0.1:9/x.gz",), 10, "md5:0") for _ in range(4))
    monkeypatch.setattr(full, "MNIST", gone)
    with pytest.warns(
        DataNotice, match="mnist .* is replaced by mnist_small: could not fetch x.gz: .*refused"
    ):
        assert mnist(download=True).name == "mnist_small"


def idx(values: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    return gzip.compress(head + values.tobytes(), mtime=0)


def digit_files() -> tuple[list[bytes], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 256, (6, 28, 28)),
        np.arange(6),
        rng.integers(0, 256, (3, 28, 28)),
        np.arange(3),
    ]
    arrays = [a.astype(np.uint8) for a in arrays]
    return [idx(a) for a in arrays], arrays


def same_digits(s, arrays):
    assert torch.equal((s.x_train[:, 0] * 255).round().byte(), torch.from_numpy(arrays[0]))
    assert torch.equal((s.x_test[:, 0] * 255).round().byte(), torch.from_numpy(arrays[2]))
    assert s.y_train.tolist() == list(range(6)) and s.y_test.tolist() == [0, 1, 2]
    assert (
        s.x_train.shape == (6, 1, 28, 28)
        and s.x_train.dtype == torch.float32
        and s.y_train.dtype == torch.int64
    )


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_digits_are_fetched_when_asked(server, monkeypatch, how):
    files, arrays = digit_files()
    names = [r.filename for r in full.MNIST]
    Server.files = {f"/{name}": body for name, body in zip(names, files, strict=True)}
    remotes = tuple(remote(f"{server}/{n}", body=b, kind="md5") for n, b in zip(names, files, strict=True))
    monkeypatch.setattr(full, "MNIST", remotes)
    if how == "environment":
        monkeypatch.setenv("BOOK_DOWNLOAD", "1")
    s = mnist(download=True if how == "argument" else None)
    assert s.name == "mnist"
    same_digits(s, arrays)
    monkeypatch.delenv("BOOK_DOWNLOAD", raising=False)
    same_digits(mnist(), arrays)  # from the copy on disk
    assert len(mnist(n_train=2).x_train) == 2


def test_debians_fashion_mnist_is_found(monkeypatch, tmp_path):
    files, arrays = digit_files()
    folder = tmp_path / "debian" / "fashion-mnist"
    folder.mkdir(parents=True)
    for item, body in zip(full.FASHION, files, strict=True):
        (folder / item.filename).write_bytes(body)
    monkeypatch.setattr(full, "_DEBIAN", tmp_path / "debian")
    s = fashion_mnist()
    assert s.name == "fashion_mnist" and s.classes[9] == "boot"
    same_digits(s, arrays)


def test_cifar_is_read_from_its_archive(monkeypatch, tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (12, 3, 32, 32)).astype(np.uint8), np.arange(12).astype(np.uint8) % 10
    records = np.concatenate([y[:, None], x.reshape(12, -1)], 1)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        names = ["test_batch", *(f"data_batch_{i}" for i in (3, 1, 2, 5, 4))]  # in no order
        for name in names:
            part = 5 if name == "test_batch" else int(name[-1]) - 1
            body = records[2 * part : 2 * part + 2].tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    monkeypatch.setattr(full, "CIFAR10", remote("http://x/cifar-10-binary.tar.gz", body=buffer.getvalue()))
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").write_bytes(buffer.getvalue())
    s = cifar10()
    assert (
        s.name == "cifar10" and s.y_train.tolist() == y[:10].tolist() and s.y_test.tolist() == y[10:].tolist()
    )
    assert torch.equal((s.x_train * 255).round().byte(), torch.from_numpy(x[:10]))


@pytest.mark.parametrize(
    "body", [b"", b"\x00\x00\x08", b"PK\x03\x04abcd", b"\x00\x00\x08\x01\x00\x00\x00\x05abc"]
)
def test_a_file_that_is_not_idx_is_named(tmp_path, body):
    (tmp_path / "bad.gz").write_bytes(gzip.compress(body))
    with pytest.raises(ValueError, match="bad.gz: got"):
        full.read_idx(tmp_path / "bad.gz")


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="n_train: got 0, expected at least 1"):
        mnist(n_train=0)
    with pytest.raises(TypeError, match="n_test: got 'all'"):
        cifar10(n_test="all")


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    assert download.data_folder() == tmp_path
    monkeypatch.delenv("BOOK_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert download.data_folder() == tmp_path / "cache" / "deep-learning-notebooks"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BOOK_DATA", "~/data")
    assert download.data_folder() == tmp_path / "data"
