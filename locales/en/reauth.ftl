reauth-title = Confirm it’s you
reauth-why = This affects the security of your account { $username }. Confirm with your password.
reauth-go-on = Continue
