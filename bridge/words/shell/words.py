"""What `doctor` and `init` have to say. Each language is one of each; a sentence that one lacks does not type-check."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.diagnostics import Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorWords:
    # settings
    settings_fine: Sentence
    settings_fault: Sentence
    settings_unknown: Sentence
    settings_slip: Sentence
    settings_readable: Sentence
    channel_unknown: Sentence
    channel_incomplete: Sentence
    channel_unused: Sentence
    channel_none: Sentence
    proxy_harmless: Sentence

    # the gateway
    gateway_fine: Sentence
    gateway_other: Sentence
    gateway_silent: Sentence
    gateway_moved: Sentence
    gateway_no_host: Sentence
    gateway_far: Sentence
    gateway_hangs_up: Sentence
    gateway_mute: Sentence
    gateway_stranger: Sentence
    gateway_displaced: Sentence
    gateway_failed: Sentence
    own_fine: Sentence
    own_fault: Sentence
    own_provider: Sentence
    own_models_none: Sentence
    key_fine: Sentence
    key_none: Sentence
    key_missing: Sentence
    key_wrong: Sentence
    models_fine: Sentence
    models_no_list: Sentence
    models_none: Sentence
    models_unusable: Sentence
    model_gone: Sentence
    model_gone_v1: Sentence
    model_unusable: Sentence

    # an answer
    answer_fine: Sentence
    answer_silent: Sentence
    answer_key: Sentence
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
    gateway_ask: str
    gateway_shape: str
    key_ask: str
    key_where: str

    choice: str
    choice_ask: str
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
