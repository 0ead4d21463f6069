"""Second factors at rest: the database alone gives no codes, keys are renewed, and a lost key is told as such."""

from __future__ import annotations

import stat
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from registers import factors
from registers.factors import UserFactor
from registers.vault import KeyMissing, Vault, key_of
from tests.conftest import World

PLAIN = b"12345678901234567890"


def person(world: World, login: str = "shencha") -> uuid.UUID:
    found = world.actor(login).id
    assert found is not None
    return found


def enrolled(world: World, login: str = "shencha") -> tuple[bytes, list[str]]:
    now = world.time.now()
    with world.rt.db.transaction() as conn:
        secret = factors.begin(conn, world.rt.vault, person(world, login), now)
        code = factors.code(secret, factors.step_of(now))
        return secret, factors.confirm(conn, world.rt.vault, person(world, login), code, now)


def passes(world: World, said: str, login: str = "shencha") -> bool:
    with world.rt.db.transaction() as conn:
        return factors.check(conn, world.rt.vault, person(world, login), said, world.time.now())


def code(world: World, secret: bytes) -> str:
    world.time.instant += timedelta(seconds=30)  # a code counts once
    return factors.code(secret, factors.step_of(world.time.now()))


@given(plain=st.binary(max_size=64), owner=st.text(max_size=20))
def test_what_is_sealed_opens_for_its_owner_and_nobody_else(
    tmp_path_factory: pytest.TempPathFactory, plain: bytes, owner: str
) -> None:
    vault = Vault(tmp_path_factory.mktemp("keys") / "keys")
    vault.create()
    sealed = vault.seal(plain, owner)
    assert vault.open(sealed, owner) == plain and (len(plain) < 4 or plain not in sealed)
    with pytest.raises(KeyMissing):
        vault.open(sealed, owner + "x")
    with pytest.raises(KeyMissing):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), owner)


def test_the_key_file_is_for_the_program_alone_and_made_once(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys" / "secrets.key")
    vault.create()
    before = vault.path.read_text()
    vault.create()
    assert vault.path.read_text() == before
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(vault.path.parent.stat().st_mode) == 0o700


def test_the_database_holds_neither_secret_nor_hashes_of_recovery_codes(world: World) -> None:
    secret, recovery = enrolled(world)
    with world.rt.db.transaction() as conn:
        row = conn.execute(select(UserFactor)).one()
    assert secret not in bytes(row.secret)
    assert not any(factors._hashed(one) in kept for one in recovery for kept in row.recovery)
    assert passes(world, code(world, secret)) and passes(world, recovery[0]) and not passes(world, recovery[0])


def test_a_secret_moved_to_somebody_elses_row_opens_nothing(world: World) -> None:
    secret, _ = enrolled(world)
    enrolled(world, "qianfa")
    with world.rt.db.transaction() as conn:
        own = conn.scalar(select(UserFactor.secret).where(UserFactor.user_id == person(world)))
        conn.execute(update(UserFactor).where(UserFactor.user_id == person(world, "qianfa")).values(secret=own))
    with pytest.raises(KeyMissing):
        passes(world, code(world, secret), "qianfa")


def test_secrets_of_an_earlier_version_are_sealed_and_go_on_counting(world: World) -> None:
    old = "1234567890"
    facts = {"confirmed_at": world.time.now(), "last_step": 0, "created_at": world.time.now()}
    with world.rt.db.transaction() as conn:
        conn.execute(
            insert(UserFactor).values(user_id=person(world), secret=PLAIN, recovery=[factors._hashed(old)], **facts)
        )
        assert factors.seal_again(conn, world.rt.vault) == 1
        assert factors.seal_again(conn, world.rt.vault) == 0
        assert PLAIN not in bytes(conn.scalar(select(UserFactor.secret)) or b"")
    assert passes(world, code(world, PLAIN)) and passes(world, old) and not passes(world, old)


def test_a_new_key_seals_everything_and_old_keys_may_go(world: World) -> None:
    secret, recovery = enrolled(world)
    vault, first = world.rt.vault, world.rt.vault.names()
    newest = vault.add_key()
    with world.rt.db.transaction() as conn:
        assert factors.seal_again(conn, vault) == 1
        assert key_of(bytes(conn.scalar(select(UserFactor.secret)) or b"")) == newest not in first
    vault.keep_newest(1)
    assert vault.names() == [newest]
    assert passes(world, code(world, secret)) and passes(world, recovery[3])


def test_without_its_key_a_code_is_neither_right_nor_wrong_and_no_new_key_takes_its_place(world: World) -> None:
    secret, _ = enrolled(world)
    world.rt.vault.path.unlink()
    with pytest.raises(KeyMissing):
        passes(world, code(world, secret))
    with world.rt.db.transaction() as conn:
        assert factors.unreadable(conn, world.rt.vault) == 1
        assert factors.seal_again(conn, world.rt.vault) == 0
        with pytest.raises(KeyMissing):
            factors.begin(conn, world.rt.vault, person(world, "qianfa"), world.time.now())
    assert not world.rt.vault.exists()
    with world.rt.db.transaction() as conn:
        factors.remove(conn, person(world))
    enrolled(world)
    assert world.rt.vault.exists()
