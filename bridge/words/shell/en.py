"""English."""

from bridge.diagnostics import Sentence
from bridge.words.shell.words import DoctorWords, InboxWords, InitWords

DOCTOR = DoctorWords(
    settings_fine=Sentence("All settings can be used."),
    settings_wrong=Sentence("{problem}", "Correct it in .env or in the environment."),
    settings_unknown=Sentence("{problem}", "Rename or remove it in .env or in the environment."),
    settings_slip=Sentence("{name} is not a setting.", "Rename it to {near}."),
    settings_readable=Sentence("Others on this machine can read .env, with its secrets.", "Run: chmod 600 .env"),
    channel_unknown=Sentence("BRIDGE_CHANNELS names {name}, which is no channel.", "Choose among {names}."),
    channel_incomplete=Sentence("{variables} not set, so {name} cannot be used.", "Run: cherry-bridge init"),
    channel_unused=Sentence("Not in use."),
    channel_none=Sentence(
        "No platform is set up.", "Run: cherry-bridge init (or talk right here: cherry-bridge chat)."
    ),
    settings_newer=Sentence(
        "The bot runs with the settings from its start; .env has been changed since.",
        "Restart it. Only .env and the environment need that.",
    ),
    web_read=Sentence(
        "Owners can read conversations on the page; people are told once.",
        "If you do not want that, remove BRIDGE_WEB_READ and restart the bot.",
    ),
    proxy_harmless=Sentence(
        "This system's proxy ({names}) would take requests to {host}. The bridge never uses it for the gateway.",
        "Nothing for the bridge; other programs here need NO_PROXY=127.0.0.1,localhost.",
    ),
    gateway_fine=Sentence("{url} is Cherry Studio {version}."),
    gateway_other=Sentence("{url} is an OpenAI-compatible server that is not Cherry Studio."),
    gateway_named=Sentence("{url} is an OpenAI-compatible server that is not Cherry Studio. It seems to be {gateway}."),
    gateway_loading=Sentence("{gateway} at {url} is still loading its model.", "Wait a moment, and run doctor again."),
    that_server="that server",
    gateway_silent=Sentence(
        "Nothing answers at {url}.",
        "Start Cherry Studio and switch on Settings > API Server; if it shows another port, set BRIDGE_GATEWAY_URL. "
        "If it is on another machine, start the tunnel.",
    ),
    gateway_moved=Sentence(
        "Nothing answers at {url}, but Cherry Studio is at {found}.", "Set BRIDGE_GATEWAY_URL={found}"
    ),
    gateway_no_host=Sentence("There is no host {host}.", "Correct BRIDGE_GATEWAY_URL."),
    gateway_far=Sentence(
        "{url} accepts no connection within {seconds:g} s.",
        "Is that machine on? Cherry Studio listens on 127.0.0.1 only: from another machine it needs an SSH tunnel.",
    ),
    gateway_hangs_up=Sentence(
        "{url} closes the connection at once, as a tunnel does when Cherry Studio is not running at its other end.",
        "Start Cherry Studio there and switch on Settings > API Server; if its port has changed, update the tunnel.",
    ),
    gateway_mute=Sentence(
        "{url} accepts the connection, but does not answer.",
        "If it is a tunnel, it is frozen: check the computer at its other end. Otherwise restart Cherry Studio.",
    ),
    gateway_stranger=Sentence(
        "Another program uses the port: what answers at {url} is not Cherry Studio's API server.",
        "Stop that program, or choose another port in Settings > API Server, and set BRIDGE_GATEWAY_URL.",
    ),
    gateway_displaced=Sentence(
        "Another program answers at {url}; Cherry Studio is at {found}.", "Set BRIDGE_GATEWAY_URL={found}"
    ),
    gateway_failed=Sentence("{url}: {why}", "Restart Cherry Studio's API server in Settings > API Server."),
    gateway_failed_other=Sentence(
        "{url}: {why}", "Check the log of {gateway}; if it needs a key, set BRIDGE_GATEWAY_KEY."
    ),
    own_fine=Sentence("Our own gateway runs inside; {path} names providers: {count}."),
    own_fault=Sentence("{why}", "Correct the file; docs/gateway.md describes it."),
    own_provider=Sentence("{provider}: {why}", "Try it with: cherry-bridge gateway test {provider}"),
    own_provider_untaken=Sentence("{provider}: {why}", "Check the name, the address and the key, and type it again."),
    own_models_none=Sentence("No provider offers a model to chat with.", "Add one: cherry-bridge gateway add openai"),
    speech_fine=Sentence("{url} takes recordings for {model}."),
    speech_away=Sentence(
        "The speech server {url} cannot be reached ({why}).", "Start it, or correct BRIDGE_SPEECH_URL."
    ),
    speech_refused=Sentence(
        "The speech server {url} refuses a recording (HTTP {status}).",
        "Check BRIDGE_SPEECH_KEY and BRIDGE_SPEECH_MODEL.",
    ),
    speech_speaks=Sentence("{model} speaks."),
    speech_mute=Sentence("{model} does not speak ({why}).", "Check BRIDGE_SPEECH_VOICE_MODEL and BRIDGE_SPEECH_VOICE."),
    speech_no_opus=Sentence(
        "{model} makes {format} and not Opus, so spoken answers arrive as files and not as voice messages."
    ),
    key_fine=Sentence("The key is accepted."),
    key_none=Sentence("No key is set, and none is asked for."),
    key_missing=Sentence(
        "The key is missing.", "Set BRIDGE_GATEWAY_KEY to the key that Cherry Studio shows in Settings > API Server."
    ),
    key_wrong=Sentence(
        "The key is wrong.", "Copy the key again from Cherry Studio, Settings > API Server, into BRIDGE_GATEWAY_KEY."
    ),
    key_missing_other=Sentence("The key is missing.", "Set BRIDGE_GATEWAY_KEY to a key that {gateway} accepts."),
    key_wrong_other=Sentence("The key is wrong.", "Set BRIDGE_GATEWAY_KEY to a key that {gateway} accepts."),
    one_model="1 model",
    many_models="{count} models",
    models_learned=Sentence(
        "{model} refused the usual way, so it is asked differently: {quirks}. /models fresh forgets that."
    ),
    models_fine=Sentence("{models} to chat with, from {providers}."),
    models_no_list=Sentence(
        "{url} answers, but has no list of models.",
        "If BRIDGE_MODEL names one of its models, nothing. Otherwise set it.",
    ),
    models_none=Sentence(
        "The gateway offers no model to chat with.", "Enable a provider with a key in Cherry Studio's settings."
    ),
    models_none_other=Sentence("{gateway} offers no model to chat with.", "Add one there, or load one."),
    models_unusable_other=Sentence(
        "{models} more listed that cannot be chatted with, or only by /v1/responses, such as {example}.", "Nothing."
    ),
    models_unusable=Sentence(
        "{models} more listed that cannot be chatted with, such as {example}.",
        "Nothing; version 2 of Cherry Studio can use the chat models among them.",
    ),
    model_gone=Sentence(
        "BRIDGE_MODEL is {model}, which the gateway does not offer.",
        "Enable its provider in Cherry Studio, or set BRIDGE_MODEL to one like it: {nearest}",
    ),
    model_gone_other=Sentence(
        "BRIDGE_MODEL is {model}, which {gateway} does not offer.", "Set BRIDGE_MODEL to one like it: {nearest}"
    ),
    model_nowhere=Sentence(
        "{variable} names {model}, which none of the gateways ({gateways}) offers.",
        "Set {variable} to one like it: {nearest}",
    ),
    model_gone_v1=Sentence(
        "BRIDGE_MODEL is {model}, which this gateway does not offer: Cherry Studio 1.x serves neither Gemini nor the "
        "built-in OpenAI (/v1/responses).",
        "Add it as a provider of the type OpenAI, update to version 2, or set BRIDGE_MODEL to one like it: {nearest}",
    ),
    model_unusable=Sentence(
        "BRIDGE_MODEL is {model}, which is listed but cannot be chatted with.",
        "Set BRIDGE_MODEL to one like it: {nearest}",
    ),
    answer_fine=Sentence("{model} answers; its first words came after {seconds:.1f} s."),
    answer_silent=Sentence(
        "{model} has not answered for {seconds:g} s.",
        "It may be loading or thinking: run doctor again; if it stays silent, set BRIDGE_MODEL to another.",
    ),
    answer_key=Sentence(
        "{why}", "In Cherry Studio, open Settings > Model Provider > {provider}, and press Check beside its API key."
    ),
    answer_key_other=Sentence("{why}", "Correct that key in {gateway}, or set BRIDGE_MODEL to another."),
    answer_off_other=Sentence("{why}", "Check that {gateway} is still running, and run doctor again."),
    answer_failed_other=Sentence("{model}: {why}", "Check the log of {gateway}, or set BRIDGE_MODEL to another model."),
    answer_balance=Sentence("{why}", "Top up the account at {provider}, or set BRIDGE_MODEL to another."),
    answer_limited=Sentence("{why}", "Wait a minute and run doctor again, or set BRIDGE_MODEL to another."),
    answer_gone=Sentence("{why}", "Set BRIDGE_MODEL to another; cherry-bridge models lists them."),
    answer_off=Sentence("{why}", "Check that Cherry Studio is still running, and run doctor again."),
    answer_failed=Sentence(
        "{model}: {why}",
        "Try it in Cherry Studio itself; if it fails there too, fix its provider, or set BRIDGE_MODEL to another.",
    ),
    data_fine=Sentence("{path} can be written."),
    data_refused=Sentence("{path} cannot be written ({why}).", "Set BRIDGE_DATA_DIR to a folder that you may write."),
    data_full=Sentence("{path} has only {megabytes} MB left.", "Free some space, or set BRIDGE_DATA_DIR elsewhere."),
    store_fine=Sentence("{server} {version}, {milliseconds:.1f} ms away."),
    store_embedded=Sentence("The embedded {server} {version} works, {milliseconds:.1f} ms away."),
    store_refused=Sentence(
        "{why}",
        "Start that Redis or correct BRIDGE_REDIS_URL (its password stands before the host, as :PASSWORD@); "
        "or remove it, and the embedded store is used.",
    ),
    store_embedded_refused=Sentence("{why}", "Fix that, or set BRIDGE_REDIS_URL to a Redis of your own."),
    store_forgets=Sentence(
        "Redis writes nothing to disk: when it restarts, messages and conversations are gone.",
        "Set appendonly yes in redis.conf, or now: redis-cli config set appendonly yes",
    ),
    store_snapshots=Sentence(
        "Redis only takes snapshots: when it crashes, the last minutes are gone.",
        "Set appendonly yes in redis.conf, or now: redis-cli config set appendonly yes",
    ),
    store_unwritten=Sentence(
        "Redis fails to write to its disk.",
        "Free space on its disk, and check its log; until then it refuses writes.",
    ),
    store_evicts=Sentence(
        "Redis may delete messages that wait (maxmemory-policy is {policy}).",
        "Set maxmemory-policy noeviction, or now: redis-cli config set maxmemory-policy noeviction",
    ),
    store_replica=Sentence("This Redis is a replica and takes no writes.", "Set BRIDGE_REDIS_URL to its master."),
    store_slow=Sentence(
        "Redis is {milliseconds:.0f} ms away; every message goes there several times.",
        "Run the bridge and its Redis near each other.",
    ),
    too_slow=Sentence(
        "This check did not finish within {seconds:g} s.",
        "Check the address, and whether a firewall or a VPN is in the way.",
    ),
    crashed=Sentence(
        "This check itself failed ({why}).", "Please report it, with the lines above, where you got cherry-bridge."
    ),
    all_fine="Everything that a run needs is there.",
    some_wrong="To fix: {count}.",
)

INIT = InitWords(
    no_terminal="cherry-bridge init asks questions, so it needs a terminal. Without one, write .env by hand: "
    "docs/settings.md lists the settings, and cherry-bridge doctor checks them.",
    hello="This sets up cherry-bridge. Every answer is tried at once and kept in {path}.\n"
    "Press Enter alone to keep a value or to skip a question. Ctrl-C stops; your answers so far are kept.",
    kept_file="{path} exists already; what is in it stays.",
    kept_answers="Stopped. What you have answered is in {path}; run cherry-bridge init to go on.",
    not_written="{path} cannot be written: {why}",
    hidden="{ask} (what you type or paste stays hidden)",
    keep="{ask} [{value}]",
    keep_hidden="{ask} (stays hidden; Enter keeps the one you have)",
    from_environment="{variable} is set in the environment, which takes priority over .env; that value is used.",
    trying="Trying it …",
    retry="Try again? [Y/n]",
    again_or_skip="That does not fit: {format_hint} Try again, or press Enter alone to skip it for now.",
    skipped="Skipped for now.",
    gateway="Where the models are",
    gateway_found="Found at {url}.",
    gateway_not_found="Cherry Studio was not found on the usual ports of this computer.",
    gateway_where="In Cherry Studio, open Settings > API Server and switch it on. The address is shown there.",
    gateway_any="Any server that speaks OpenAI's API will do: LiteLLM, Ollama, OpenRouter and others.",
    gateway_ask="Its address",
    gateway_shape="an address looks like http://127.0.0.1:23333.",
    key_ask="Its API key",
    key_where="In Cherry Studio, open Settings > API Server and copy the API key (it begins with cs-sk-).",
    key_where_other="Type a key that {gateway} accepts; press Enter alone if it needs none.",
    choice="1 Cherry Studio on this computer\n2 Cherry Studio on another computer\n"
    "3 Another gateway: LiteLLM, Ollama, OpenRouter and others\n"
    "4 No gateway: I have keys of providers, such as OpenAI or DeepSeek",
    choice_ask="Where are your models? [1]",
    choice_shape="Type a number from 1 to 4, or an address such as http://127.0.0.1:23333.",
    choice_tunnel="Build the tunnel first: see docs/tunnel.md. The address is that of its end on this machine.",
    provider_ask="Which provider? A name, or the address of any other",
    provider_known="Known by name: {names}.",
    provider_shape="type one of these names, or an address such as https://api.example.com/v1.",
    provider_key="Its key",
    provider_kept="This provider is called {provider}; its address and key are in {path}. "
    "cherry-bridge will run its own gateway.",
    model_ask="Model for new chats: provider:model or a part of its name; Enter alone for {model}",
    model_shape="That is not the name of one model. Similar ones: {nearest}",
    channels="Platforms",
    channels_first="Which do you want to set up? A number, or several such as 1 3; 0 for none, Enter alone for {name}",
    channels_more="Set up another, or change one? Its number; Enter alone goes on",
    channels_shape="Type numbers from 0 to {most}.",
    channel_known="{name} (set up)",
    done="Done: {path} is written, and only you can read it.",
    nothing="No platform is set up yet. Run {program} chat to talk right here, or {program} init to go on.",
    start="Start the bot now? It shows a code; the first person to send it that code becomes its owner. [Y/n]",
    later="Start it with: {program} run\nIf something is wrong: {program} doctor",
)

INBOX = InboxWords(
    set_aside="Set aside: {count}",
    set_aside_none="Nothing has been set aside.",
    unknown_sender="sender unknown",
    unknown_chat="chat unknown",
    kinds={
        "question": "a question",
        "command": "the command /{name}",
        "notice": "a notice of the bridge's own ({name})",
        "move": "the move of a chat to another id",
        "unreadable": "an entry that this version cannot read",
    },
    why_failed="every attempt failed",
    why_crashed="the process that worked on it crashed each time",
    why_unreadable="it could not be read; a newer version may be able to",
    why_refused="the platform refused the reply: {detail}",
    hint="cherry-bridge inbox retry ID queues one again, drop ID forgets it, list --show prints what was said.",
    waiting="In queues: {jobs} (being answered: {under_way}, chats: {chats}, the oldest for {age})",
    waiting_none="Nothing waits in a queue.",
    put_back="{id} is in its queue again.",
    dropped="{id} is dropped.",
    stays_unreadable="{id} stays set aside: this version of the bridge cannot read it.",
    stays_homeless="{id} stays set aside: it does not say which bot account it came to.",
    unknown="No message that was set aside has the id {id}. cherry-bridge inbox list shows them.",
    drop_all="Forget all {count} for good? [y/N]",
    drop_needs_yes="There is no terminal to ask at. To forget all {count} for good, add --yes.",
    nothing_dropped="Nothing was dropped.",
)
