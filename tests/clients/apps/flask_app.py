# pip install flask authlib requests; flask --app flask_app run
import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for

app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
oauth = OAuth(app)
oauth.register(
    "vestibule",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email groups", "code_challenge_method": "S256"},
)

@app.get("/")
def home():
    person = session.get("person")
    return f"Hello {person['preferred_username']}" if person else redirect(url_for("login"))

@app.get("/login")
def login():
    return oauth.vestibule.authorize_redirect(url_for("callback", _external=True))

@app.get("/callback")
def callback():
    token = oauth.vestibule.authorize_access_token()  # checks state, nonce, PKCE and the ID token
    session["person"] = oauth.vestibule.userinfo(token=token)
    return redirect(url_for("home"))
