error-back = Go back
error-home = Go to the start page
error-wait = Try again in { $wait }.
error-request = If you ask for help, mention this number:

error-bad-request-title = We could not read that
error-bad-request-text = Something in the request was not as we expect it. Go back and try again.
error-unauthorized-title = Sign in first
error-unauthorized-text = Only people who are signed in can use this.
error-forbidden-title = This form is no longer valid
error-forbidden-text = It may be from before you signed in or out, or from another site, or your browser does not keep our cookies. Nothing was changed. Go back and fill it in again.
error-denied-title = You have no access here
error-denied-text = This address is open to others only. If that is wrong, ask the person who runs this service.
error-gone-title = This is over
error-gone-text = It took too long, or is done already.
error-not-found-title = Page not found
error-not-found-text = There is nothing at this address. If you typed it, check the spelling.
error-method-not-allowed-title = That does not work here
error-method-not-allowed-text = This page cannot be used in that way. Start again from the page you came from.
error-payload-too-large-title = That was too much at once
error-payload-too-large-text = What you sent is larger than we accept. Nothing was changed. Send less and try again.
error-headers-too-large-title = Your browser sent too much at once
error-headers-too-large-text = The address or the cookies of this site are larger than we accept. Delete the cookies of this site in your browser’s settings, then try again.
error-unsupported-media-type-title = We could not read that
error-unsupported-media-type-text = What you sent is in a form that this page does not accept. Nothing was changed.
error-request-timeout-title = That took too long
error-request-timeout-text = The request did not arrive in time. Check your connection and try again.
error-too-many-requests-title = Too many tries
error-too-many-requests-text = We slow things down to keep accounts safe.
error-unavailable-title = Not available right now
error-unavailable-text = We cannot answer at the moment.
error-internal-title = Something went wrong on our side
error-internal-text = The fault is ours and has been recorded. Try again in a little while.

broken-link-title = This link is not whole
broken-link-ask = A part of it is missing, or something was added to it, as some mail programs do. Open the email again and copy the whole link into the address bar, or ask for a new one.
broken-link-sign-in = A part of it is missing, or something was added to it, as some mail programs do. Open the email again and copy the whole link into the address bar.
broken-link-setup = A part of it is missing, or something was added to it. Copy the whole link again, from “http” to its end.
broken-link-again = Ask for a new link

form-again-no-cookie = Your browser sent us no cookie, and without one we cannot take a form. Allow cookies for this site, then send the form again.
form-again-outdated = We could not tell that this form came from this browser, so nothing was changed. Send it again. Passwords and codes are not kept.
link-needs-cookies = If you came from a link in an email: your browser sent us no cookie, and without one the link cannot be used. Allow cookies for this site, then open the link again.

return-title = Going on
return-link = Go on
