setup-title = Create the first administrator
setup-what = This account manages the service. You don’t need to confirm its email address.
setup-make = Create the account
setup-link-over = This link was already used or replaced, or is more than an hour old.
setup-link-again = As long as there is no administrator, the person who runs this service can get a new one with the command “vestibule user setup-link”.
