"""What the operator says about Feishu: the app's credentials, which of the two clouds, and how much it may call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, SecretStr, field_validator

from bridge.channel_settings import ChannelSettings, is_address, is_here
from bridge.words import Language, language_of

if TYPE_CHECKING:
    from bridge.channel import Channel, Memory
    from bridge.diagnostics import Diagnostic, SettingPrompt

FEISHU, LARK = "https://open.feishu.cn", "https://open.larksuite.com"
_SHORT = {"": FEISHU, "feishu": FEISHU, "lark": LARK, "feishu.cn": FEISHU, "larksuite.com": LARK}


class Settings(ChannelSettings):
    """Read from the environment and `.env`; the proxy and the language are shared with the other platforms."""

    required: ClassVar[tuple[str, ...]] = ("feishu_app_id", "feishu_app_secret")

    feishu_app_id: str = ""
    """`cli_...`, from the app's page in the developer console."""
    feishu_app_secret: SecretStr = SecretStr("")
    feishu_domain: str = FEISHU
    """Feishu, Lark (`https://open.larksuite.com`), or an emulator."""
    feishu_monthly_quota: int = Field(10_000, ge=0)
    """API calls a month that the tenant's plan allows; 0 where it sets no limit."""
    feishu_quota_share: float = Field(0.8, gt=0, le=1)
    """Past this share of the quota, answers are updated less often while they grow."""
    feishu_max_age_minutes: float = Field(480, gt=0)
    """Older messages are not answered. The platform's last redelivery comes some seven hours after the first."""

    feishu_departments_minutes: float = Field(10, gt=0)
    """Minutes for which a person's departments are not asked for again."""

    @field_validator("feishu_app_id")
    @classmethod
    def _app_id(cls, value: str) -> str:
        app_id = value.strip().strip("\"'")
        if app_id and not app_id.startswith("cli_"):
            raise ValueError("this is not an app id: it begins with cli_, as the developer console shows it")
        return app_id

    @field_validator("feishu_app_secret")
    @classmethod
    def _app_secret(cls, value: SecretStr) -> SecretStr:
        return SecretStr(value.get_secret_value().strip().strip("\"'"))

    @field_validator("feishu_domain")
    @classmethod
    def _domain(cls, value: str) -> str:
        domain = value.strip().rstrip("/").removesuffix("/open-apis")
        domain = _SHORT.get(domain.lower(), domain)
        url = domain if "://" in domain else f"https://{domain}"
        if not is_address(url, "http", "https"):
            raise ValueError(f"this is not a web address: write {FEISHU} or {LARK}")
        if url.startswith("http://") and not is_here(url):
            raise ValueError(f"the app's secret would be sent in the clear: write {FEISHU} or {LARK}")
        return url

    def open_channel(self, memory: Memory) -> Channel:
        from channels.feishu.adapter import Feishu

        return Feishu(self, memory)

    @classmethod
    def questions(cls, language: Language) -> Sequence[SettingPrompt]:
        from channels.feishu.advice import IN

        return IN[language].questions

    def check(self, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
        from channels.feishu.checks import check

        return check(self, language, thorough=thorough)

    @property
    def proxy(self) -> str:
        """The proxy to use; none for a server on this machine."""
        return self.proxy_for(self.feishu_domain)

    @property
    def people_language(self) -> str:
        """The platform never says a person's language; on Feishu, unlike on Lark, Chinese is the likely one."""
        return "zh-CN" if self.feishu_domain == FEISHU else ""

    @property
    def own_language(self) -> Language:
        """The language of what the adapter itself says."""
        return self.bridge_language or language_of(self.people_language)
