setup-title = Make the first administrator
setup-what = This account will look after the service. Its email address needs no confirmation.
setup-make = Make the account
setup-link-over = This link was used or replaced, or is older than an hour.
setup-link-again = Whoever runs this service can get a new one with the command “vestibule user setup-link”, as long as there is no administrator.
