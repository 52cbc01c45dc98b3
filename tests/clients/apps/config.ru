# Debian's gem looks for the provider at https only, unless it is told.
require_relative "rails_app"
SWD.url_builder = URI::HTTP if ENV["ISSUER"].start_with?("http:")
App.config.hosts.clear
App.initialize!
run App
