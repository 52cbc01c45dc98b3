"""Authlib: the relying party of Flask, Django and FastAPI, here without a framework.

Two steps, so that a person can sign in between them: "begin" prints the address and what to keep, "end" takes the
address at which the person arrived.
"""

import json
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

facts = json.load(sys.stdin)
metadata = requests.get(facts["issuer"] + "/.well-known/openid-configuration", timeout=10).json()
session = OAuth2Session(
    facts["client_id"],
    facts["secret"],
    redirect_uri=facts["redirect"],
    scope="openid profile email groups offline_access",
    code_challenge_method="S256",
    token_endpoint_auth_method=facts["method"],
)

if facts["step"] == "begin":
    verifier, nonce = generate_token(48), generate_token(20)
    address, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, prompt="consent"
    )
    print(json.dumps({"address": address, "verifier": verifier, "nonce": nonce, "state": state}))
else:
    kept = facts["kept"]
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=facts["arrived"],
        state=kept["state"],
        code_verifier=kept["verifier"],
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    checked = jwt.decode(token["id_token"], keys, algorithms=["RS256", "ES256", "Ed25519", "EdDSA"])
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": facts["client_id"]},
        nonce={"essential": True, "value": kept["nonce"]},
        exp={"essential": True},
        sub={"essential": True},
    )
    rules.validate(checked.claims)
    info = session.get(metadata["userinfo_endpoint"]).json()
    refreshed = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    print(json.dumps({"claims": checked.claims, "info": info, "refreshed": "access_token" in refreshed}))
