"""What every HTTP emulator has: counters, injected faults with real cuts, latency, reset."""

import time
from collections import Counter

import pytest
import requests

from sandbox.base import Emulator, Refusal


class Till(Emulator):
    """Counts coins; the smallest thing that has a state."""

    api_prefixes = ("/api/",)

    def __init__(self):
        super().__init__("till")
        self.coins = 0
        self.shut = False
        self.app.add_url_rule("/api/coins", view_func=self.put, methods=["POST"])
        self.app.add_url_rule("/api/secret", "secret", lambda: ("no", 401))
        self.app.add_url_rule("/", "board", lambda: "board")

    def put(self):
        self.coins += 1
        return {"coins": self.coins}

    def reset(self):
        self.coins = 0

    def objects(self):
        return {"coins": self.coins}

    def admit(self, environ):
        return Refusal(429, "slow down", "text/plain") if self.shut else None


@pytest.fixture(scope="module")
def running():
    with Till() as till:
        yield till


@pytest.fixture
def till(running):
    running.shut = False
    requests.post(f"{running.url}/_sandbox/reset", timeout=30).raise_for_status()
    return running


def put(till, **kwargs):
    return requests.post(f"{till.url}/api/coins", json={}, timeout=30, **kwargs)


def arm(till, **fault):
    answer = requests.post(f"{till.url}/_sandbox/faults", json=fault, timeout=30)
    assert answer.status_code == 201, answer.text


def stats(till):
    return requests.get(f"{till.url}/_sandbox/stats", timeout=30).json()


def test_calls_are_counted_by_method_and_route_and_the_board_is_not(till):
    put(till)
    put(till)
    requests.get(f"{till.url}/", timeout=30)
    found = stats(till)
    assert found["calls"] == {"POST /api/coins": 2}
    assert found["objects"] == {"coins": 2}
    assert found["name"] == "till"


def test_an_answer_401_counts_as_refused(till):
    requests.get(f"{till.url}/api/secret", timeout=30)
    assert stats(till)["refused"] == {"401": 1}


def test_a_refusal_at_the_door_does_no_work_and_is_counted(till):
    till.shut = True
    answer = put(till)
    assert (answer.status_code, answer.text) == (429, "slow down")
    assert till.coins == 0
    assert stats(till)["refused"] == {"429": 1}
    assert stats(till)["calls"] == {}


def test_the_next_n_calls_get_the_status_the_body_and_the_headers(till):
    arm(till, next=2, kind="status", status=503, body="later", headers={"Retry-After": "3"})
    first, second, third = put(till), put(till), put(till)
    assert (first.status_code, first.text, first.headers["Retry-After"]) == (503, "later", "3")
    assert second.status_code == 503
    assert (third.status_code, till.coins) == (200, 1)


def test_cut_before_ends_the_connection_with_no_work_done(till):
    arm(till, next=1, kind="cut_before")
    with pytest.raises(requests.ConnectionError):
        put(till)
    assert till.coins == 0
    assert put(till).status_code == 200


def test_cut_after_does_the_work_and_ends_the_connection_without_an_answer(till):
    arm(till, next=1, kind="cut_after")
    with pytest.raises(requests.ConnectionError):
        put(till)
    assert till.coins == 1
    assert stats(till)["faults"] == {"cut_after": 1}


def test_a_cut_reaches_a_client_that_keeps_its_connection(till):
    with requests.Session() as session:
        session.post(f"{till.url}/api/coins", json={}, timeout=30).raise_for_status()
        arm(till, next=1, kind="cut_after")
        with pytest.raises(requests.ConnectionError):
            session.post(f"{till.url}/api/coins", json={"big": "x" * 200_000}, timeout=30)
        assert session.post(f"{till.url}/api/coins", json={}, timeout=30).json() == {"coins": 3}


def test_a_delay_holds_the_answer(till):
    arm(till, next=1, kind="delay", seconds=0.3)
    started = time.monotonic()
    assert put(till).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_a_delay_longer_than_the_client_waits_is_a_timeout_with_the_work_done(till):
    arm(till, next=1, kind="delay", seconds=0.5)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{till.url}/api/coins", json={}, timeout=0.1)
    deadline = time.monotonic() + 30
    while till.coins == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert till.coins == 1


def test_a_fault_hits_only_its_path_and_method(till):
    arm(till, next=1, status=500, path="/api/other")
    arm(till, next=1, status=500, method="DELETE")
    assert put(till).status_code == 200


def test_a_share_of_calls_misbehaves_in_several_ways_until_cleared(till):
    kinds = [{"kind": "status", "status": 429}, {"kind": "cut_before"}, {"kind": "cut_after"}]
    arm(till, share=0.5, kinds=kinds, seed=7)
    seen = Counter()
    for _ in range(60):
        try:
            seen[put(till).status_code] += 1
        except requests.ConnectionError:
            seen["cut"] += 1
    assert seen[200] > 15
    assert seen[429] > 3
    assert seen["cut"] > 6
    assert requests.delete(f"{till.url}/_sandbox/faults", timeout=30).status_code == 204
    assert all(put(till).status_code == 200 for _ in range(10))


def test_a_share_with_the_same_seed_hits_the_same_calls(till):
    runs = []
    for _ in range(2):
        requests.delete(f"{till.url}/_sandbox/faults", timeout=30)
        arm(till, share=0.4, kind="status", status=500, seed=11)
        runs.append([put(till).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 2


def test_a_fault_that_nobody_knows_is_refused_with_400(till):
    answer = requests.post(f"{till.url}/_sandbox/faults", json={"kind": "explode"}, timeout=30)
    assert answer.status_code == 400
    assert "kind" in answer.json()["error"]


def test_faults_and_latency_leave_the_control_and_board_routes_alone(till):
    arm(till, share=1, kind="cut_before")
    requests.post(f"{till.url}/_sandbox/latency", json={"seconds": 30}, timeout=30).raise_for_status()
    assert requests.get(f"{till.url}/", timeout=30).text == "board"
    assert stats(till)["faults"] == {}


def test_every_api_call_waits_the_set_latency(till):
    requests.post(f"{till.url}/_sandbox/latency", json={"seconds": 0.2}, timeout=30).raise_for_status()
    started = time.monotonic()
    put(till)
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("seconds", [-1, "soon", None])
def test_a_latency_that_is_no_time_is_refused(till, seconds):
    answer = requests.post(f"{till.url}/_sandbox/latency", json={"seconds": seconds}, timeout=30)
    assert answer.status_code == 400


def test_reset_returns_to_the_seed_and_clears_counts_faults_and_latency(till):
    put(till)
    arm(till, share=1, kind="cut_before")
    requests.post(f"{till.url}/_sandbox/latency", json={"seconds": 30}, timeout=30)
    requests.post(f"{till.url}/_sandbox/reset", timeout=30).raise_for_status()
    assert stats(till)["calls"] == {}
    assert put(till).json() == {"coins": 1}


def test_an_emulator_starts_again_after_a_stop_and_a_second_stop_is_harmless():
    till = Till()
    till.start()
    first = till.url
    put(till).raise_for_status()
    till.stop()
    till.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(first, timeout=30)
    till.start()
    assert put(till).json() == {"coins": 2}
    till.stop()
