# Gemfile: gem "omniauth_openid_connect"; gem "omniauth-rails_csrf_protection"
require "action_controller/railtie"
require "omniauth_openid_connect"
require "omniauth/rails_csrf_protection"

class App < Rails::Application
  config.secret_key_base = ENV["SESSION_SECRET"]
  config.middleware.use OmniAuth::Builder do # in Rails: config/initializers/omniauth.rb
    provider :openid_connect, name: "vestibule", issuer: ENV["ISSUER"], discovery: true, client_auth_method: "basic",
      scope: [:openid, :profile, :email], client_options: { identifier: ENV["CLIENT_ID"],
        secret: ENV["CLIENT_SECRET"], redirect_uri: "#{ENV["APP_URL"]}/auth/vestibule/callback" }
  end
  routes.append do
    root "sessions#show"
    get "/auth/vestibule/callback", to: "sessions#create"
  end
end

class SessionsController < ActionController::Base
  def show
    return render plain: "Hello #{session[:person]["username"]}" if session[:person]
    render inline: '<%= button_to "Sign in", "/auth/vestibule" %>'
  end

  def create
    person = request.env["omniauth.auth"]
    session[:person] = { "sub" => person.uid, "username" => person.info.nickname }
    redirect_to "/"
  end
end
