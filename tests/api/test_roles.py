"""Who may do what over HTTP, and the tokens themselves."""

import pytest

from api.query_service import QueryService
from api.server import create_app
from gallery.audit import AuditLog
from gallery.store import Gallery
from gallery.tokens import TokenTable
from tests.api.test_server import TOKEN, check_problem, serving

ADMIN = {
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("DELETE", "/tokens/{name}"),
    ("GET", "/audit"),
    ("DELETE", "/tracklets/{tracklet_id}"),
}
OPERATOR = {
    ("POST", "/cameras"),
    ("DELETE", "/cameras/{name}"),
    ("POST", "/cameras/{name}/start"),
    ("POST", "/cameras/{name}/stop"),
    ("GET", "/uploads"),
    ("POST", "/uploads"),
    ("DELETE", "/uploads/{upload_id}"),
    ("POST", "/jobs"),
    ("DELETE", "/jobs/{job_id}"),
    ("DELETE", "/jobs/{job_id}/files"),
}
ROLES = ("viewer", "operator", "admin")


@pytest.fixture
def served(own_gallery):
    with Gallery.open(own_gallery) as gallery:
        table = TokenTable(gallery.database)
        for role in ROLES:
            table.add(f"a {role}", f"{role}-token", role)
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        with serving(app) as client:
            yield client, gallery


def by(role):
    return {"Authorization": f"Bearer {role}-token"}


def test_each_role_may_do_what_it_is_for_and_nothing_more(served):
    client, _ = served
    paths = client.get("/openapi.json", headers=by("viewer")).json()["paths"]
    seen = set()
    for path, methods in paths.items():
        for method in methods:
            key = (method.upper(), path.removeprefix("/api/v1"))
            seen.add(key)
            least = 2 if key in ADMIN else 1 if key in OPERATOR else 0
            asked = path.replace("{", "no-such-").replace("}", "")
            for rank, role in enumerate(ROLES):
                status = client.request(method.upper(), asked, headers=by(role)).status_code
                assert (status == 403) == (rank < least), (key, role, status)
    assert seen >= ADMIN | OPERATOR


def test_a_refusal_says_which_role_it_takes(served):
    client, _ = served
    detail = check_problem(client.get("/api/v1/tokens", headers=by("viewer")), 403)
    assert detail == "this takes the role admin; the token 'a viewer' is of a viewer"


def test_a_token_is_given_out_listed_and_taken_back(served):
    client, gallery = served
    made = client.post("/api/v1/tokens", json={"name": "bob", "role": "operator", "days": 3})
    assert made.status_code == 201
    token = {"Authorization": f"Bearer {made.json()['token']}"}
    assert client.get("/api/v1/cameras", headers=token).status_code == 200
    listed = client.get("/api/v1/tokens").json()["tokens"]
    assert [(one["name"], one["role"]) for one in listed if one["name"] == "bob"] == [("bob", "operator")]
    assert "token" not in listed[0]
    assert client.delete("/api/v1/tokens/bob").status_code == 204
    check_problem(client.get("/api/v1/cameras", headers=token), 401)
    check_problem(client.delete("/api/v1/tokens/bob"), 404)
    noted = [(line.action, line.detail["name"]) for line in AuditLog(gallery.database).lines()]
    assert noted == [("token removed", "bob"), ("token added", "bob")]


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"name": "a viewer"}, 409, "a token named 'a viewer' already"),
        ({"name": "owner"}, 409, "name of whoever started the server"),
        ({"name": "a/b"}, 422, "token name 'a/b' is not allowed"),
        ({"name": "x", "role": "king"}, 422, "role"),
        ({"name": "x", "days": 0}, 422, "days"),
        ({"role": "viewer"}, 422, "name"),
    ],
)
def test_wishes_that_are_refused(served, wish, status, said):
    assert said in check_problem(served[0].post("/api/v1/tokens", json=wish), status)


def test_a_session_ends_with_its_token(served):
    client, gallery = served
    del client.headers["Authorization"]
    same = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/login", data={"token": "viewer-token"}, headers=same).status_code == 303
    assert client.get("/api/v1/cameras").status_code == 200
    check_problem(client.post("/api/v1/tokens", json={"name": "me", "role": "admin"}, headers=same), 403)
    TokenTable(gallery.database).remove("a viewer")
    assert client.get("/api/v1/cameras").status_code == 401


def test_erasing_over_http(served):
    client, gallery = served
    one = gallery.tracklets()[0]
    gone = client.delete(f"/api/v1/tracklets/{one.id}")
    assert (gone.status_code, gone.json()["tracklets"]) == (200, 1)
    check_problem(client.get(f"/api/v1/tracklets/{one.id}"), 404)
    check_problem(client.delete(f"/api/v1/tracklets/{one.id}"), 404)
    (line, *_) = client.get("/api/v1/audit").json()["lines"]
    assert (line["who"], line["action"], line["detail"]["tracklet"]) == ("owner", "erase", one.id)


def test_the_audit_log_comes_in_pieces(served):
    client, gallery = served
    for number in range(5):
        AuditLog(gallery.database).note("anna", "query", number=number)
    first = client.get("/api/v1/audit", params={"limit": 3}).json()
    rest = client.get("/api/v1/audit", params={"limit": 3, "before": first["next"]}).json()
    assert [line["seq"] for line in first["lines"] + rest["lines"]] == [5, 4, 3, 2, 1]
    assert rest["next"] is None


def test_without_a_token_of_its_own_only_those_given_out_count(own_gallery):
    with Gallery.open(own_gallery) as gallery:
        TokenTable(gallery.database).add("anna", "anna-token", "viewer")
        with serving(create_app(QueryService(gallery, detector="hog", threads=1), None)) as client:
            assert client.get("/api/v1/cameras").status_code == 401
            assert client.get("/api/v1/cameras", headers={"Authorization": "Bearer anna-token"}).status_code == 200
