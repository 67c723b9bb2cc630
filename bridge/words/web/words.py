"""The sentences of the page. Each language is one `WebWords`; braces hold what `str.format` fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebWords:
    # the frame
    skip: str
    navigation: str
    now: str
    people: str
    chats: str
    changes: str
    setup: str
    leave: str
    you_are: str
    until: str
    back: str
    none: str
    never: str

    # the way in
    way_in: str
    way_in_link: str
    enter: str
    link_spent: str
    way_in_how: str

    # what went wrong
    problem: str
    problems: Mapping[str, str]
    too_many: str
    severities: Mapping[str, str]
    fix: str

    # now
    requests_wait: str
    gateway: str
    gateways: str
    being_checked: str
    away_since: str
    channels: str
    channel_states: Mapping[str, str]
    no_channels: str
    under_way: str
    nothing_under_way: str
    queue: str
    errors: str
    no_errors: str
    error_count: str
    turns: str
    no_turns: str
    who: str
    chat: str
    since: str
    when: str
    model: str
    took: str
    ended: str
    seconds: str
    failed: str
    ends: Mapping[str, str]

    # people
    requests: str
    in_chat: str
    rules: str
    find: str
    search: str
    found: str
    rule: str
    expires: str
    by: str
    change: str
    kind: str
    kinds: Mapping[str, str]
    verdicts: Mapping[str, str]
    id: str
    how_long: str
    let_in: str
    shut_out: str
    remove: str
    add_rule: str
    wrong_id: str
    wrong_duration: str
    pages: str
    previous: str
    next: str
    admins: str
    role: str
    named: str
    it_is_you: str
    take_role: str
    new_admin: str
    make_admin: str
    invites: str
    uses: str
    valid_for: str
    make_invite: str
    revoke_invites: str
    invite: str
    invite_once: str
    invite_use: str
    qr: str

    # changes
    what: str
    before: str
    after: str
    undo: str

    # chats
    all_chats: str
    own_settings: str
    everybody_in: str
    settings: str
    settings_how: str
    setting_names: Mapping[str, str]
    setting_values: Mapping[str, str]
    setting_hints: Mapping[str, str]
    follows: str
    applies_now: str
    chosen_in: str
    chosen_how: str
    chosen_parts: Mapping[str, str]
    chosen_names: Mapping[str, str]
    none_chosen: str
    knowledge_use: str
    tools_offered: str
    all_its_tools: str
    each_as_below: str
    save: str

    # usage
    usage: str
    usage_by: Mapping[str, str]
    day: str
    turns_count: str
    tokens: str
    as_table: str
    times: str
    first_words: str
    whole_answer: str
    spread: str
    failed_day: str
    sheet: str

    # set-up
    doctor: str
    doctor_how: str
    run_checks: str
    areas: Mapping[str, str]
    names: str
    no_names: str
    names_how: str
    new_name: str
    model_or_provider: str
    prompts: str
    prompts_how: str
    prompt_kinds: Mapping[str, str]
    prompt_text: Mapping[str, str]
    new_prompt: Mapping[str, str]
    none_yet: str
    read: str
    read_how: str
    look_noted: str
    conversations: str
    more_parts: str
    own_gateway: str
    providers: str
    providers_how: str
    providers_wait: str
    providers_unused: str
    add_provider: str
    provider_or_address: str
    provider_fields: Mapping[str, str]
    provider_hints: Mapping[str, str]
    wrong_line: str
    import_providers: str
    import_how: str
    backup_file: str
    take_over: str
    taken_over: str
    left_out: str
    no_backup: str
    empty_backup: str
    api_key: str
    key_itself: str
    address: str
    keys: str
    try_it: str
    client_keys: str
    client_keys_how: str
    new_key: str
    key_once: str
    key_models: str
    key_limit: str
    key_budget: str
    make_key: str
    models: str
    limits: str
    all: str
    revoke: str
    connections: str
    connections_how: str
    try_and_keep: str
    anyway: str
    not_kept: str
    from_environment: str
    waits: str
    restart_needed: str
    what_is_live: str
    settings_restart: str
    empty_is_default: str
    stays_as_it_is: str
    clear: str
    not_here: str
    name: str
    variable: str
    value: str
    source: str
    hidden_value: str
    not_set: str
    sources: Mapping[str, str]

    # what was done
    done: Mapping[str, str]
