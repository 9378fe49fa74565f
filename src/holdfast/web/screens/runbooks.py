"""`/docs/runbooks`: what to do when an alert comes, in the words of somebody who was just woken."""

from collections.abc import Mapping

from aiohttp import web

from holdfast.web.problems import NOT_FOUND, Problem
from holdfast.web.screens.runbook import OF_THE_STORE, Runbook
from holdfast.web.screens.screen import show

RUNBOOKS: Mapping[str, Runbook] = {
    **OF_THE_STORE,
    "exposed": Runbook(
        title="Something can be sold twice",
        seen="A guest can book time on one channel that is taken already on another, or at the venue.",
        checks=(
            "`/exposures` names every offer, since when it is open, and the call that closes it. Ask `holdfast explain UNIT START 90m` why.",
            "Is our block on its way? Look at the account's waiting and given-up pushes on the overview.",
            "Does the channel answer? If its calls fail, go on with the page on a channel that is down.",
        ),
        actions=(
            "Close the time by hand in the channel's own back office; we notice, and leave it alone.",
            "`holdfast audit --account ACCOUNT --dry-run` shows what differs; without `--dry-run` it is repaired.",
        ),
        tell="The venue, if the time starts within two hours: they may have to turn somebody away.",
    ),
    "conflict": Runbook(
        title="Two bookings want the same time",
        seen="Two guests have a confirmation for the same room or table. Nothing was cancelled.",
        checks=(
            "Open Conflicts: what starts soonest comes first, with both sides and how it happened.",
            "Is one of them a hold that ends by itself, or seated already?",
            "Are there many at once? Then a channel is late or down: look at exposure and pushes first.",
        ),
        actions=(
            "Every way out is shown with the calls that it makes. Nothing is sent before you choose.",
            "`holdfast conflicts snooze ID` asks again later, and stops a policy that would act by itself.",
        ),
        tell="The venue, before a guest's confirmed booking is cancelled.",
    ),
    "oldest-event": Runbook(
        title="News is not worked off",
        seen="A booking or cancellation that a channel told us of is not in the calendar yet.",
        checks=(
            "Is a worker alive? The overview says when one was last heard of.",
            "Do reads of that channel fail, or is its read budget spent? News waits until it can be read.",
            "Does the worker's log say `lane_failed` or `database_away`?",
        ),
        actions=(
            "Restart the worker: what it had in its hands is taken up again, nothing is sent twice.",
            "Start a second worker beside it; they share the work by leases.",
        ),
        tell="Whoever runs the database, if it is away. Nobody at the venue yet: nothing is lost.",
    ),
    "push-stuck": Runbook(
        title="A channel has not been told",
        seen="Time is taken here, and a channel may still sell it, because our call has not got through.",
        checks=(
            "Which call is it, and what was its last answer? The booking's page shows every try.",
            "Is the write budget spent? Then calls wait for their turn, the riskiest first.",
            "Is its outcome unknown? Then we read the channel until it is known, and never repeat on a guess.",
        ),
        actions=(
            "Close the time by hand in the channel's back office if it starts soon.",
            "Restart the worker if it is alive and yet nothing moves.",
        ),
        tell="The channel's support, if its calls have failed for more than 15 minutes.",
    ),
    "propagation": Runbook(
        title="Channels are told too late",
        seen="Bookings reach the other channels, but more than 1 in 7 takes longer than 30 seconds.",
        checks=(
            "Is one channel slow or limiting us? Compare request times and outcomes by channel.",
            "Are more calls wanted than the account's write budget allows?",
            "Is the worker busy, or the database slow?",
        ),
        actions=(
            "Ask the provider for a higher rate, then raise `writes_per_minute` and run `holdfast apply`.",
            "Start a second worker if the first has no time left.",
        ),
        tell="Nobody at the venue, as long as nothing is exposed for minutes.",
    ),
    "block-lapsed": Runbook(
        title="A block of ours was gone",
        seen="Time that we had closed on a channel was on sale there again, for a while or still.",
        checks=(
            "Why? `late`: renewed too late. `taken` or `refused`: it could not be had again. `lost`: "
            "somebody took it away at the channel.",
            "`holdfast explain UNIT START 90m` says whether it stands again now.",
            "Was a booking made there meanwhile? Then there is a conflict to decide.",
        ),
        actions=(
            "`holdfast audit --account ACCOUNT` compares everything and places what is missing.",
            "If it was lost: ask who works in the channel's back office, then choose `retry` in the conflict.",
        ),
        tell="The venue, if it was lost: somebody there removes what looks like an unknown booking.",
    ),
    "brake": Runbook(
        title="The brake is on",
        seen="A channel suddenly shows far fewer bookings. We believe none of it: nothing is released.",
        checks=(
            "`holdfast brake show` says what would go, and why it was held back.",
            "Look into the channel's own back office: are the bookings really gone?",
            "Was an account, a venue or a key changed at the channel today?",
        ),
        actions=(
            "If they are there: do nothing. Holding back is safe, new bookings still close the others.",
            'If they are really gone: `holdfast brake release ACCOUNT --reason "..."` shows first what goes.',
        ),
        tell="The venue, before you release; the channel's support, if it shows too little.",
    ),
    "pause": Runbook(
        title="An account is still paused",
        seen="What a channel tells is kept and not worked off (in), or what it should know waits with us (out).",
        checks=(
            "Operations names the account; its own page says who paused it, when and why.",
            "Is whatever it was paused for over? Ask whoever did it.",
            "How much waits? The account's page says what goes out at once when it goes on.",
        ),
        actions=(
            "Let it go on, on the account's page or with `holdfast accounts resume ACCOUNT`: by risk, within the budget.",
            "If it must stay paused: close the time by hand in the channel's own back office.",
        ),
        tell="Whoever paused it. The venue, if pushes are paused: its time can be sold twice meanwhile.",
    ),
    "channel-down": Runbook(
        title="A channel fails",
        seen="More than half of our calls to a channel fail, or an account answers none and is only tried now and then."
        " Its offers may stay open longer than they should.",
        checks=(
            "Which outcome? `unauthorised`: our key. `limited`: too many calls. `unknown`, `not_sent`: their side.",
            "Does the provider's status page say anything?",
            "Can this machine reach their address at all?",
        ),
        actions=(
            "Wait: every call is kept and sent once the channel answers, the riskiest first.",
            "Once you know that it is up again: `holdfast accounts poll NAME` tries it now instead of within a minute.",
            "For `unauthorised`, put the new key into the environment or its file and restart web and worker.",
        ),
        tell="The channel's support after 15 minutes; the venue, if bookings start soon.",
    ),
    "no-worker": Runbook(
        title="No worker is alive",
        seen="Webhooks are still stored, but nothing is read, decided or sent. Every channel sells on.",
        checks=(
            "Is the process running? What are the last lines of its log?",
            "Can it reach Postgres? `/readyz` of the web process says whether Postgres is ok, slow or down.",
            "Was something deployed or migrated just now?",
        ),
        actions=(
            "Start a worker: `holdfast worker`. It takes up everything from where it stopped.",
            "If a new version does not start, start the one before; run `holdfast migrate` only forwards.",
        ),
        tell="Everybody on call: this is the one that cannot wait.",
    ),
    "blind": Runbook(
        title="Nobody measures",
        seen="Perhaps nothing. But if something is wrong now, no other alert will say so.",
        checks=(
            "Is a web process running, and does Prometheus reach its metrics port?",
            "Does `/readyz` say that Postgres is ok? Slow may be the machine: look at its load before you look at the server.",
            "Does the log of the web process say `gauges_not_read`?",
        ),
        actions=(
            "Restart the web process; channels send again whatever was not accepted meanwhile.",
            "Open the overview: it reads the same rows directly.",
        ),
        tell="Whoever runs the database or the monitoring.",
    ),
    "dead": Runbook(
        title="Calls were given up",
        seen="A channel refused a call for good, or it was tried in vain for a day. Time may stay on sale.",
        checks=(
            "The conflict that was opened for it names the call and the channel's answer.",
            "Is it one listing or all? All at once means a key, a contract or their API has changed.",
            "Is the time exposed? `holdfast explain UNIT START 90m` says so.",
        ),
        actions=(
            "Choose `retry` in the conflict once the cause is gone.",
            "Close the time by hand in the channel's back office if it starts soon.",
        ),
        tell="The channel's support, with its answer from the conflict's page.",
    ),
    "webhook-silence": Runbook(
        title="A channel has stopped telling us",
        seen="Bookings arrive with the next poll instead of at once, so exposure lasts as long as a poll interval.",
        checks=(
            "Is our address reachable from outside? Try `/healthz` from another network.",
            "Is the webhook still registered at the provider, with this address and this secret?",
            "Are webhooks being refused? Then go on with the page on refused webhooks.",
        ),
        actions=(
            "Register the webhook again at the provider.",
            "Lower `poll_seconds` of the account and run `holdfast apply` until it is back.",
        ),
        tell="The provider's support.",
    ),
    "webhook-refused": Runbook(
        title="Webhooks are refused",
        seen="News of a channel is turned away at the door; polls find it later.",
        checks=(
            "`forged`: does the secret here match the one at the provider? Was it changed on one side?",
            "`stale`: is this machine's clock right? `malformed`: did their format change?",
            "`unknown_account`: is a name in the address that `holdfast.toml` does not have?",
        ),
        actions=(
            "Set the right secret and restart the web process.",
            "If somebody is really guessing: nothing needs to be done, they stay outside.",
        ),
        tell="The provider, if only their side can have changed.",
    ),
    "webhook-ack": Runbook(
        title="Webhooks are answered late, or not stored",
        seen="Nothing yet. A provider that waits too long sends again, or gives up and leaves it to polls.",
        checks=(
            "Does Postgres answer quickly? A webhook is answered only after its commit.",
            "Is there a flood? Compare the rate of requests by channel.",
            "Is the machine short of CPU or disk?",
        ),
        actions=(
            "Start another web process behind the proxy.",
            "Nothing is lost by restarting: what was not answered comes again.",
        ),
        tell="Whoever runs the database.",
    ),
    "poll-stale": Runbook(
        title="What is known of an account is late, or nothing is",
        seen="What no webhook told of is not found, and what is shown as free may be taken. "
        "Screens and `holdfast explain` say unknown instead of sellable.",
        checks=(
            "Operations and `holdfast doctor` say of each account whether it is fresh, late, blind or down, and why.",
            "Late by a limit: did its provider ask for no calls, or does somebody else write to Redis?",
            "Does one booking that cannot be read keep a list from being complete? It is named with its reference.",
        ),
        actions=(
            "Credentials refused: renew them where they are kept. No worker: start `holdfast worker`.",
            "Raise `reads_per_minute` if the contract allows, or read less far ahead with `horizon_days`.",
            "`holdfast audit --account ACCOUNT --dry-run` reads everything once and says what fails.",
        ),
        tell="The channel's support, if its list of bookings fails.",
    ),
    "audit": Runbook(
        title="The audit leaves differences, or does not come to an end",
        seen="A channel and our calendar disagree, and the ordinary repair has not helped.",
        checks=(
            "`holdfast audit --account ACCOUNT --dry-run` names each difference.",
            "Is the account braked, in shadow or paused? Then nothing is sent on purpose.",
            "Is a conflict open about the same time? Then it waits for a person.",
        ),
        actions=(
            "Run the audit without `--dry-run`: it repairs by the ordinary path, within the budget.",
            "Decide the conflicts that stand in the way.",
        ),
        tell="The venue, if a booking is missing on one side for good.",
    ),
    "unreadable": Runbook(
        title="Answers cannot be read",
        seen="A channel answers, but not in the form we know. News waits; nothing is guessed.",
        checks=(
            "The raw answer is kept in the inbox beside the events, never in the log.",
            "Is it a page of their proxy, an error in HTML, or a field that changed?",
            "`holdfast accounts ls` names each booking that cannot be read, with its reference and the field.",
        ),
        actions=(
            "One booking: look at it in the channel's back office and close its time on the others by hand.",
            "Wait, if it is their proxy: everything is tried again.",
            "Otherwise install a version that reads the new form; nothing is lost until then.",
        ),
        tell="The provider's support, with the time and kind of call.",
    ),
}


async def index(request: web.Request) -> web.Response:
    """All of them."""
    return show(request, "runbooks.html", "docs", runbooks=RUNBOOKS)


async def page(request: web.Request) -> web.Response:
    """One of them. Raises Problem where there is none of this name."""
    runbook = RUNBOOKS.get(request.match_info["slug"])
    if runbook is None:
        raise Problem(NOT_FOUND, "There is no runbook of this name.")
    return show(request, "runbook.html", "docs", runbook=runbook)
