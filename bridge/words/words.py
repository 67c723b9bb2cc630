"""What there is to say. Each language is one `Words`; a sentence that one of them lacks does not type-check.

Braces hold what is filled in by `str.format`; the names are the same in every language (a test compares them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    # meeting
    welcome: str
    welcome_owner: str
    stranger: str
    stranger_asked: str
    let_in: str
    declined: str
    conversation_read: str
    claimed: str
    claim_wrong: str
    claim_in_private: str
    claim_too_many: str

    # commands: what they do, and what may follow them
    commands: Mapping[str, str]
    arguments: Mapping[str, str]
    help_talk: str
    help_more: str
    help_topics: Mapping[str, str]
    help_forms: Mapping[str, str]
    help_tour: Mapping[str, str]
    help_group: str
    unknown_command: str
    admins_only: str
    owners_only: str
    too_fast: str

    # models
    model_now: str
    model_pick: str
    model_provider: str
    model_several: str
    model_unknown: str
    model_search: str
    model_not_here: str
    fallback_now: str
    fallback_none: str
    fallback_usage: str
    stood_in: str
    failure_reasons: Mapping[str, str]
    choice_of_admins: str
    models_none: str
    models_none_other: str
    models_list: str
    one_model: str
    many_models: str
    models_fresh: str
    models_named: str
    models_unnamed: str
    models_name_usage: str
    page: str

    # the conversation
    new: str
    new_thread: str
    chats_list: str
    chats_hint: str
    chats_none: str
    chats_gone: str
    chats_of_another: str
    chats_this: str
    chats_is_current: str
    chats_opened: str
    untitled: str
    no_words: str
    new_title: str
    one_turn: str
    many_turns: str
    rename_usage: str
    delete_asks: str
    search_usage: str
    search_found: str
    search_nothing: str
    search_not_whole: str
    forget_asks: str
    nothing_to_forget: str
    forgot_one: str
    forgot_all: str
    export_usage: str
    nothing_to_export: str
    exported: str
    exported_all: str
    export_left_out: str
    export_question: str
    export_answer: str
    export_picture_gone: str
    here_as_file: str
    answer_gone: str
    summarised: str
    stopped: str
    nothing_to_stop: str
    nothing_to_retry: str
    nothing_to_continue: str
    continue_prompt: str
    shorter_prompt: str
    answer_down: str
    answer_not_last: str
    sum_direct: str
    sum_off: str
    sum_usage: str
    sum_nothing: str
    sum_asked: str
    button_forget_overheard: str
    forgot_overheard: str
    compare_usage: str
    compare_took: str
    compare_pick: str
    compare_now: str
    button_compare: str
    system_now: str
    system_none: str
    system_set: str
    system_cleared: str
    system_too_long: str

    # stored prompts
    persona_now: str
    persona_own_text: str
    persona_none: str
    persona_hint: str
    persona_set: str
    persona_unknown: str
    persona_saved: str
    persona_nothing_to_save: str
    prompt_name_wrong: str
    prompt_shared: Mapping[str, str]
    prompt_deleted: str
    prompt_not_there: str
    prompt_full: str
    chain_list: str
    chain_none: str
    chain_hint: str
    chain_name_wrong: str
    chain_too_long: str
    chain_step_unknown: str
    chain_saved: str
    chain_unknown: str
    chain_text_missing: str
    button_off: str
    button_share: Mapping[str, str]
    button_delete: str
    persona_labels: Mapping[str, str]
    persona_prompts: Mapping[str, str]

    # who one is
    whoami: str
    whoami_roles: Mapping[str, str]
    whoami_groups: str
    pick_by_number: str

    # access
    allowed_chat: str
    allowed_person: str
    denied_chat: str
    denied_person: str
    until: str
    removed: str
    not_on_the_list: str
    not_a_person: str
    admin_not_denied: str
    list_full: str
    allow_here_is_pointless: str
    allowlist: str
    allowlist_empty: str
    allowlist_admins: str
    allowlist_chats: str
    allowlist_people: str
    allowlist_groups: str
    allowlist_denied: str
    admin_usage: str
    admin_added: str
    admin_already: str
    admin_removed: str
    admin_stays: str

    # strangers that wait for an answer
    request_person: str
    request_chat: str
    request_closed: str
    request_declined: str
    request_chat_allowed: str
    requests_open: str
    requests_none: str
    invite: str
    one_use: str
    many_uses: str
    invite_usage: str
    invites_full: str
    invites_revoked: str

    # what applies in a chat
    settings_here: str
    settings_all: str
    settings_usage: str
    setting_default: str
    setting_wrong: str
    setting_all_models: str
    limit_reached: str
    minutes: str
    hours_and_minutes: str
    bench_begins: str
    bench_figures: str
    bench_median: str
    audit: str
    audit_none: str
    web_link: str
    web_is_off: str
    web_in_private: str
    web_closed: str

    # what was used
    usage_own: str
    usage_all: str
    usage_of: str
    usage_today: str
    usage_month: str
    usage_figures: str
    usage_partly: str
    usage_none: str
    usage_people: str
    usage_chats: str
    usage_others: str
    usage_errors: str
    usage_no_errors: str
    usage_chart: str
    usage_usage: str
    usage_error_kinds: Mapping[str, str]
    button_usage: Mapping[str, str]

    # the model's reasoning
    params_now: str
    params_unset: str
    params_usage: str
    params_refused: str
    button_precise: str
    button_creative: str
    button_effort: Mapping[str, str]
    button_reset: str
    thinking: str
    thinking_for: str
    thought: str
    short_seconds: str
    minutes_and_seconds: str
    reasoning_now: Mapping[str, str]
    button_reasoning: Mapping[str, str]

    # answers that are spoken
    voice_on: str
    voice_off: str
    voice_cannot: str
    button_voice_on: str
    button_voice_off: str
    not_spoken: str

    # while more people ask than the machine can answer
    waits_for_turn: str

    # while the gateway is away
    later_on: str
    later_off: str
    waiting: str
    waits_no_longer: str
    owner_away: str
    owner_back: str

    # buttons
    button_tour: str
    button_next: str
    button_help: str
    button_personas: str
    button_stop: str
    button_go_on_with: str
    button_other_model: str
    button_shorter: str
    buttons_now: Mapping[str, str]
    button_buttons: Mapping[str, str]
    button_open: str
    button_rename: str
    button_delete_for_good: str
    button_export: str
    button_chats: str
    button_older: str
    button_forget_this: str
    button_forget_all: str
    button_as_file: str
    button_retry: str
    button_ask: str
    button_pages: str
    button_later: str
    button_later_off: str
    button_continue: str
    button_back: str
    button_pick: str
    button_allow: str
    button_allow_chat: str
    button_allow_person: str
    button_deny: str
    button_block: str
    or_send: str
    tool_later: str
    tools_unknown: str

    # what cannot be read
    attachments: Mapping[str, str]
    cannot_read: str
    only_text_answered: str
    unnamed_file: str
    page_prompt: str
    page_usage: str
    page_none: str
    unreadable_files: Mapping[str, str]
    pictures_refused: str
    pictures_seen_by: str

    # documents: {name} is the file's
    document_errors: Mapping[str, str]
    document_range: Mapping[str, str]
    document_cut: str
    document_macros: str

    # trouble, told to everybody
    gateway_off: str
    the_gateway: str
    gateway_off_other: str
    gateway_mute: str
    no_model_list: str
    one_second: str
    seconds: str
    one_minute: str
    whole_minutes: str
    admin_key_other: str
    key_refused: str
    provider_key: str
    provider_key_other: str
    provider_balance: str
    provider_refused: str
    model_gone: str
    model_nowhere: str
    context_too_long: str
    provider_limited: str
    silent_before: str
    silent_after: str
    provider_failed: str
    cut: str
    empty: str
    filtered: str
    length: str
    gave_up: str
    gave_up_crashed: str
    unreadable: str
    sources: str
    more_sources: str
    tool_unavailable: str
    tool_question: str
    button_tool: Mapping[str, str]
    tool_steps: Mapping[str, str]
    tool_too_late: str
    tool_not_yours: str
    tools_exhausted: str
    tools_on: str
    tools_off: str
    tools_built_in: str
    tools_usable: str
    tools_usage: str
    tool_read_only: str
    permissions: Mapping[str, str]
    button_permissions: Mapping[str, str]
    button_tools_on: str
    button_tools_off: str
    knowledge_problems: Mapping[str, str]
    kb_on: str
    kb_off: str
    kb_always: str
    kb_tool: str
    kb_own: str
    kb_no_bases: str
    kb_unknown_bases: str
    kb_base_gone: str
    kb_of_admins: str
    kb_nothing_picked: str
    kb_usage: str
    kb_added: str
    kb_cut: str
    kb_full: str
    kb_nothing_to_add: str
    kb_documents: str
    kb_no_documents: str
    kb_no_such_document: str
    kb_removed: str
    kb_characters: str
    button_kb_always: str
    button_kb_tool: str
    button_kb_off: str
    button_kb_remove: str
    cannot_show: str
    queue_full: str

    # trouble, what an admin can do about it
    admin_gateway_off: str
    admin_key_missing: str
    admin_key_wrong: str
    admin_detail: str
    admin_no_speech: str
    admin_no_voice: str
