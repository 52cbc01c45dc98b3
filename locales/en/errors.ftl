error-back = Try again
error-home = Go to the start page
error-wait = Try again in { $wait }.
error-request = If you ask for help, mention this number:

error-bad-request-title = We couldn’t read that
error-bad-request-text = Something in the request wasn’t what we expected. Nothing was changed.
error-unauthorized-title = Sign in first
error-unauthorized-text = You need to sign in to use this.
error-forbidden-title = This page was open too long
error-forbidden-text = You may have signed in or out in another tab. Nothing was changed. Open it again.
error-denied-title = You don’t have access
error-denied-text = You aren’t allowed to open this address. If you think you should be, ask the person who runs this service.
error-gone-title = This has expired
error-gone-text = It took too long or was already answered.
error-not-found-title = Page not found
error-not-found-text = There is nothing at this address, or it has moved. If you typed it, check the spelling.
error-method-not-allowed-title = That doesn’t work here
error-method-not-allowed-text = This page can’t be used that way. Start again from the page you came from.
error-payload-too-large-title = That was too much at once
error-payload-too-large-text = What you sent is larger than we accept. Nothing was changed. Send less and try again.
error-headers-too-large-title = Your browser sent too much at once
error-headers-too-large-text = The address or the cookies of this site are larger than we accept. Delete the cookies of this site in your browser’s settings, then try again.
error-unsupported-media-type-title = We couldn’t read that
error-unsupported-media-type-text = What you sent is in a format that this page doesn’t accept. Nothing was changed.
error-request-timeout-title = That took too long
error-request-timeout-text = The request didn’t arrive in time. Check your connection and try again.
error-too-many-requests-title = Too many tries
error-too-many-requests-text = We slow things down to keep accounts safe.
error-unavailable-title = We’re having trouble
error-unavailable-text = Nothing was changed.
error-internal-title = Something went wrong on our side
error-internal-text = It’s our fault, and we’ve recorded it. Try again in a little while.

broken-link-title = This link is incomplete
broken-link-ask = Part of it is missing, or something was added to it, as some email programs do. Open the email again and copy the whole link into the address bar, or get a new link.
broken-link-sign-in = Part of it is missing, or something was added to it, as some email programs do. Open the email again and copy the whole link into the address bar.
broken-link-setup = Part of it is missing, or something was added to it. Copy the whole link again, from “http” to its end.
broken-link-again = Get a new link

form-again-no-cookie = Your browser didn’t send us a cookie, and we can’t accept a form without one. Allow cookies for this site, then send the form again.
form-again-outdated = We couldn’t tell that this form came from this browser, so nothing was changed. Send it again. You’ll need to enter passwords and codes again.
link-needs-cookies = If you came from a link in an email: your browser didn’t send us a cookie, and the link doesn’t work without one. Allow cookies for this site, then open the link again.

return-title = Taking you on
return-link = Continue
