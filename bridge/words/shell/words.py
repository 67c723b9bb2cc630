"""What `doctor`, `init` and `inbox` have to say.

Each language is one of each; a sentence that one lacks does not type-check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.diagnostics import Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorWords:
    # settings
    settings_fine: Sentence
    settings_wrong: Sentence
    settings_unknown: Sentence
    settings_slip: Sentence
    settings_readable: Sentence
    channel_unknown: Sentence
    channel_incomplete: Sentence
    channel_unused: Sentence
    channel_none: Sentence
    proxy_harmless: Sentence
    web_read: Sentence
    settings_newer: Sentence

    # the gateway
    gateway_fine: Sentence
    gateway_other: Sentence
    gateway_named: Sentence
    gateway_loading: Sentence
    that_server: str
    gateway_silent: Sentence
    gateway_moved: Sentence
    gateway_no_host: Sentence
    gateway_far: Sentence
    gateway_hangs_up: Sentence
    gateway_mute: Sentence
    gateway_stranger: Sentence
    gateway_displaced: Sentence
    gateway_failed: Sentence
    gateway_failed_other: Sentence
    own_fine: Sentence
    own_fault: Sentence
    own_provider: Sentence
    own_provider_untaken: Sentence
    own_models_none: Sentence
    speech_fine: Sentence
    speech_away: Sentence
    speech_refused: Sentence
    speech_speaks: Sentence
    speech_mute: Sentence
    speech_no_opus: Sentence
    key_fine: Sentence
    key_none: Sentence
    key_missing: Sentence
    key_wrong: Sentence
    key_missing_other: Sentence
    key_wrong_other: Sentence
    one_model: str
    many_models: str
    models_learned: Sentence
    models_fine: Sentence
    models_no_list: Sentence
    models_none: Sentence
    models_none_other: Sentence
    models_unusable_other: Sentence
    models_unusable: Sentence
    model_gone: Sentence
    model_gone_other: Sentence
    model_nowhere: Sentence
    model_gone_v1: Sentence
    model_unusable: Sentence

    # an answer
    answer_fine: Sentence
    answer_silent: Sentence
    answer_key: Sentence
    answer_key_other: Sentence
    answer_off_other: Sentence
    answer_failed_other: Sentence
    answer_balance: Sentence
    answer_limited: Sentence
    answer_gone: Sentence
    answer_off: Sentence
    answer_failed: Sentence

    # the store
    data_fine: Sentence
    data_refused: Sentence
    data_full: Sentence
    store_fine: Sentence
    store_embedded: Sentence
    store_refused: Sentence
    store_embedded_refused: Sentence
    store_forgets: Sentence
    store_snapshots: Sentence
    store_unwritten: Sentence
    store_evicts: Sentence
    store_replica: Sentence
    store_slow: Sentence

    # around
    too_slow: Sentence
    crashed: Sentence
    all_fine: str
    some_wrong: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitWords:
    no_terminal: str
    hello: str
    kept_file: str
    kept_answers: str
    not_written: str
    hidden: str
    keep: str
    keep_hidden: str
    from_environment: str
    trying: str
    retry: str
    again_or_skip: str
    skipped: str

    gateway: str
    gateway_found: str
    gateway_not_found: str
    gateway_where: str
    gateway_any: str
    gateway_ask: str
    gateway_shape: str
    key_ask: str
    key_where: str
    key_where_other: str

    choice: str
    choice_ask: str
    choice_shape: str
    choice_tunnel: str
    provider_ask: str
    provider_known: str
    provider_shape: str
    provider_key: str
    provider_kept: str

    model_ask: str
    model_shape: str

    channels: str
    channels_first: str
    channels_more: str
    channels_shape: str
    channel_known: str

    done: str
    nothing: str
    start: str
    later: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxWords:
    set_aside: str
    set_aside_none: str
    unknown_sender: str
    unknown_chat: str
    kinds: Mapping[str, str]
    """By ``question``, ``command``, ``notice``, ``move`` and ``unreadable``."""
    why_failed: str
    why_crashed: str
    why_unreadable: str
    why_refused: str
    hint: str
    waiting: str
    waiting_none: str

    put_back: str
    dropped: str
    stays_unreadable: str
    stays_homeless: str
    unknown: str
    drop_all: str
    drop_needs_yes: str
    nothing_dropped: str
