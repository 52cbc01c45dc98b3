# Words that several pages share.

sign-in = Sign in
sign-up = Sign up
sign-out = Sign out
skip = Skip to content
language = Language
optional = (optional)
password = Password
password-show = Show
password-show-label = Show password

## Refused forms

title-error = Error:
summary-title = There is a problem
problem-slow-down = Too many tries. Wait { $wait }, then try again.
problem-busy = We are busy right now. Try again in { $wait }.

## Told once, on the next page

notice-registered = You can sign in now. If this email address already had an account, sign in with that one.
notice-signed-out = You are signed out.

## How long to wait: the rest of a sentence such as “Try again in …”

wait-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
wait-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
wait-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}

## How long ago; $count of age-now is always 0

age-now = just now
age-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
age-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
age-days = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}

date = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }

## What a browser runs on

device-both = { $browser } on { $system }
device-unknown = Unknown browser
