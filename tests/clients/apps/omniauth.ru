# Rack with omniauth, as GitLab and Mastodon configure it. This version of the gem knows no PKCE, which GitLab's newer
# one sends like this.
require "omniauth_openid_connect"
require "rack/protection"
require "rack/session/cookie" rescue nil

SWD.url_builder = URI::HTTP if ENV["ISSUER"].start_with?("http:")

module Pkce
  def authorize_uri
    session["verifier"] = SecureRandom.hex(64)
    challenge = Base64.urlsafe_encode64(Digest::SHA2.digest(session["verifier"]), padding: false)
    options.extra_authorize_params = { code_challenge: challenge, code_challenge_method: "S256" }
    super
  end

  def client
    verifier = session.delete("verifier") if on_callback_path?
    super.tap { |client| client.define_singleton_method(:access_token!) { |it| super(it.merge(code_verifier: verifier)) } if verifier }
  end
end
OmniAuth::Strategies::OpenIDConnect.prepend(Pkce) if ENV["PKCE"]

use Rack::Session::Cookie, secret: ENV["SESSION_SECRET"]
use Rack::Protection::AuthenticityToken
use OmniAuth::Builder do
  provider :openid_connect, name: "openid_connect", issuer: ENV["ISSUER"], discovery: true, client_auth_method: "basic",
    scope: [:openid, :profile, :email], response_type: "code", uid_field: "sub",
    client_options: { identifier: ENV["CLIENT_ID"], secret: ENV["CLIENT_SECRET"],
      redirect_uri: "#{ENV["APP_URL"]}/users/auth/openid_connect/callback" }
  configure { |config| config.path_prefix = "/users/auth" }
end
run lambda { |env|
  person = env["omniauth.auth"]
  text = person ? "Hello #{person.info.nickname}, #{person.info.email}" : <<~HTML
    <form method="post" action="/users/auth/openid_connect">
      <input type="hidden" name="authenticity_token" value="#{Rack::Protection::AuthenticityToken.token(env["rack.session"])}">
      <button name="go">Sign in</button>
    </form>
  HTML
  [env["PATH_INFO"].end_with?("/failure") ? 400 : 200, { "Content-Type" => "text/html" }, [text]]
}
