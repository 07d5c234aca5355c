"""The user's settings, and which registry gets which token."""

import stat
import threading

import pytest

from skillyard.sdk.config import (
    Login,
    cache_dir,
    change_config,
    choose_registry,
    config_dir,
    forget_login,
    get_setting,
    read_config,
    save_login,
    set_setting,
)
from skillyard.sdk.errors import InputNeeded, SdkError, UsageError

A, B = "https://a.example", "https://b.example"


def test_a_token_is_readable_by_its_owner_only():
    save_login(A, Login(token="sky_secret"))
    mode = stat.S_IMODE((config_dir() / "config.json").stat().st_mode)
    assert mode == 0o600
    assert "sky_secret" not in repr(read_config())


def test_a_token_goes_to_the_origin_it_was_made_for():
    save_login(A, Login(token="sky_a"))
    save_login(B, Login(token="sky_b"))
    assert choose_registry(A).token == "sky_a"
    assert choose_registry("https://A.example:443/").token == "sky_a"
    assert choose_registry("http://a.example").token is None
    assert choose_registry("https://a.example:8443").token is None


def test_the_first_registry_signed_in_to_becomes_the_default():
    save_login(A, Login(token="sky_a"))
    save_login(B, Login(token="sky_b"))
    assert (choose_registry().url, choose_registry().source) == (A, "config")


def test_command_line_beats_environment_beats_project_beats_settings(monkeypatch):
    set_setting("registry", "https://settings.example")
    assert choose_registry(project=B).url == B
    monkeypatch.setenv("SKILLYARD_REGISTRY", "https://environment.example")
    assert choose_registry(project=B).url == "https://environment.example"
    assert choose_registry(A, project=B).url == A


def test_a_project_cannot_draw_the_token_of_the_environment_to_its_own_registry(monkeypatch):
    monkeypatch.setenv("SKILLYARD_TOKEN", "sky_environment")
    assert choose_registry(project="https://evil.example").token is None
    set_setting("registry", A)
    assert choose_registry(project="https://evil.example").token is None
    assert choose_registry(project=A).token == "sky_environment"
    assert choose_registry(B).token == "sky_environment"


def test_without_any_registry_the_user_is_asked_to_choose():
    with pytest.raises(InputNeeded) as refused:
        choose_registry()
    assert (refused.value.code, refused.value.exit_code) == ("no_registry", 4)


@pytest.mark.parametrize(
    "address",
    ["a.example", "ftp://a.example", "https://", "https://a.example/?x=1", "http://a b", "http://a:99999", ""],
)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(UsageError):
        set_setting("registry", address)


def test_an_address_with_a_password_is_refused_without_repeating_it():
    with pytest.raises(UsageError) as refused:
        set_setting("registry", "https://me:hunter2@a.example")
    assert "hunter2" not in str(refused.value)


def test_a_token_that_could_smuggle_a_header_is_refused():
    with pytest.raises(UsageError):
        save_login(A, Login(token="sky_a\r\nX-Evil: 1"))


def test_settings_of_a_newer_version_are_kept():
    config_dir().mkdir(parents=True)
    (config_dir() / "config.json").write_text('{"colour": "green"}')
    set_setting("link_mode", "copy")
    assert read_config().other == {"colour": "green"}
    assert get_setting("link_mode") == "copy"


def test_a_broken_file_is_an_error_with_its_path():
    config_dir().mkdir(parents=True)
    (config_dir() / "config.json").write_text("{")
    with pytest.raises(SdkError) as refused:
        read_config()
    assert refused.value.code == "bad_config"
    assert str(config_dir()) in refused.value.message


def test_two_sign_ins_at_once_lose_neither():
    origins = [f"https://r{number}.example" for number in range(8)]
    threads = [threading.Thread(target=save_login, args=(origin, Login(token="sky_x"))) for origin in origins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_config().logins) == set(origins)
    forget_login(origins[0])
    assert set(read_config().logins) == set(origins[1:])


def test_a_change_that_fails_leaves_the_file_as_it_was():
    save_login(A, Login(token="sky_a"))
    with pytest.raises(ZeroDivisionError):
        change_config(lambda config: 1 / 0)
    assert read_config().logins[A].token == "sky_a"
    assert [path for path in config_dir().iterdir() if path.name.startswith(".")] == []


def test_folders_follow_the_usual_variables(monkeypatch, tmp_path):
    monkeypatch.delenv("SKILLYARD_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg" / "skillyard"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == tmp_path / "home" / ".cache" / "skillyard"
