"""The side of the Python package `joserfc`: the same two commands as main.rs."""

import base64
import json
import random
import sys

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

NOW = 1_800_000_000
ISSUER = "https://id.example"
ODD = "\0\x7f\"\\/<>&'\u2028\ufeff\ufffdé한국🔑"
REGISTRY = jwt.JWTClaimsRegistry(
    now=NOW, iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": "app"}, exp={"essential": True}
)


def text():
    letters = (random.choice(ODD) if random.randrange(3) == 0 else chr(32 + random.randrange(95)) for _ in iter(int, 1))
    return "".join(letter for letter, _ in zip(letters, range(random.randrange(24))))


def value(levels):
    kind = random.randrange(7 if levels else 5)
    if kind < 5:
        whole, broken = random.randrange(-(2**52), 2**52), random.randrange(2**31) / 1024
        return [None, random.randrange(2) == 0, whole, broken, text()][kind]
    inner = [value(levels - 1) for _ in range(random.randrange(4))]
    return inner if kind == 5 else {"m" + text(): one for one in inner}


def claims():
    known = {
        "iss": ISSUER,
        "aud": random.choice(["app", ["app"], ["app", text()]]),
        "sub": "s" + text(),
        "iat": NOW - random.randrange(1, 1800),
        "exp": NOW + 1 + random.randrange(3600),
    }
    return known | {"x" + text(): value(4) for _ in range(random.randrange(8))}


def decode(segment):
    return bytearray(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def flip_a_bit(token):
    segments = [decode(segment) for segment in token.split(".")]
    segment = random.choice(segments)
    segment[random.randrange(len(segment))] ^= 1 << random.randrange(8)
    return ".".join(base64.urlsafe_b64encode(bytes(segment)).rstrip(b"=").decode() for segment in segments)


def verified(token, keys, alg):
    decoded = jwt.decode(token, keys, algorithms=[alg])
    REGISTRY.validate(decoded.claims)
    return decoded.claims


def sign(alg, count):
    kinds = {"RS256": (RSAKey, 2048), "ES256": (ECKey, "P-256"), "EdDSA": (OKPKey, "Ed25519")}
    kind, size = kinds[alg]
    key = kind.generate_key(size)
    kid = key.thumbprint()
    print(json.dumps({"keys": [key.as_dict(private=False) | {"kid": kid, "alg": alg, "use": "sig"}]}))
    for _ in range(count):
        payload = claims()
        token = jwt.encode({"alg": alg, "kid": kid, "typ": "JWT"}, payload, key, algorithms=[alg])
        print(f"{token}\t{json.dumps(payload)}")


def verify(alg):
    published = json.loads(sys.stdin.readline())
    keys = KeySet.import_key_set(published)
    for key, shown in zip(keys.keys, published["keys"]):
        assert key.thumbprint() == shown["kid"]
    right = refused = 0
    for line in sys.stdin:
        token, wanted = line.rstrip("\n").split("\t")
        assert verified(token, keys, alg) == json.loads(wanted), token
        right += 1
        changed = flip_a_bit(token)
        try:
            verified(changed, keys, alg)
        except (JoseError, ValueError):
            refused += 1
        else:
            raise AssertionError(f"accepted: {changed}")
    print(f"verified {right}, refused {refused}")


if __name__ == "__main__":
    if sys.argv[1] == "sign":
        sign(sys.argv[2], int(sys.argv[3]))
    else:
        verify(sys.argv[2])
