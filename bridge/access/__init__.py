"""Who may talk to us, who may command us, and what applies where. Closed: whoever is not let in is a stranger."""

from bridge.access.access import Access
from bridge.access.actor import SHELL, Actor
from bridge.access.audit import Change
from bridge.access.invites import Redeemed
from bridge.access.owner_contacts import OwnerContact
from bridge.access.quota import Limit
from bridge.access.requests import Request
from bridge.access.roles import Role, Standing
from bridge.access.rules import ListFull, Rule
from bridge.access.settings import SETTINGS, ChatSettings, Patterns
from bridge.access.subjects import Group, Subject, subject_name

__all__ = [
    "SETTINGS",
    "SHELL",
    "Access",
    "Actor",
    "Change",
    "ChatSettings",
    "Group",
    "Limit",
    "ListFull",
    "OwnerContact",
    "Patterns",
    "Redeemed",
    "Request",
    "Role",
    "Rule",
    "Standing",
    "Subject",
    "subject_name",
]
