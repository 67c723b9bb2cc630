"""Who may talk to the bridge, who may command it, and what applies where. Closed: nobody is let in by default."""

from bridge.access.access import Access
from bridge.access.audit import Change
from bridge.access.directory import SUBJECT_KINDS, Directory, Listed, SubjectKind
from bridge.access.invites import MAX_USES, Redeemed
from bridge.access.model import SHELL, Actor, Group, Role, Standing, Subject, as_subject, subject_name
from bridge.access.owner_contacts import OwnerContact
from bridge.access.quota import Limit, TurnQuota, until_midnight
from bridge.access.rate_limit import RateLimiter
from bridge.access.requests import Request
from bridge.access.rules import ListFull, Rule, is_rule
from bridge.access.settings import EVERYWHERE, FOR_OWNERS, OFF, SETTINGS, ChatSettings, Days, Patterns
from bridge.access.web import LINK_SECONDS, SESSION_SECONDS, StolenSession, WebSession, WebSessions

__all__ = [
    "EVERYWHERE",
    "FOR_OWNERS",
    "LINK_SECONDS",
    "MAX_USES",
    "OFF",
    "SESSION_SECONDS",
    "SETTINGS",
    "SHELL",
    "SUBJECT_KINDS",
    "Access",
    "Actor",
    "Change",
    "ChatSettings",
    "Days",
    "Directory",
    "Group",
    "Limit",
    "ListFull",
    "Listed",
    "OwnerContact",
    "Patterns",
    "RateLimiter",
    "Redeemed",
    "Request",
    "Role",
    "Rule",
    "Standing",
    "StolenSession",
    "Subject",
    "SubjectKind",
    "TurnQuota",
    "WebSession",
    "WebSessions",
    "as_subject",
    "is_rule",
    "subject_name",
    "until_midnight",
]
