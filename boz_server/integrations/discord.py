"""Posts messages to a Discord channel by its webhook.

https://docs.discord.com/developers/resources/webhook#execute-webhook: POST {"content": at most 2000
characters, "allowed_mentions"} to the webhook's address, which is the secret itself. The answer is
204, or 429 with Retry-After after too many.
"""

from boz_server.integrations.server_client import ServerClient

MAX_LENGTH = 2000


class Discord:
    """One channel."""

    def __init__(self, webhook_url: str) -> None:
        setting = "BOZ_DISCORD_WEBHOOK_URL"
        self.client = ServerClient(
            "Discord", webhook_url, {}, url_setting=setting, key_setting=setting
        )

    def post(self, content: str, deadline: float) -> None:
        """Post a text that notifies nobody: mentions in it are plain text.

        Raises RecipientUnavailable.
        """
        body = {"content": content[:MAX_LENGTH], "allowed_mentions": {"parse": []}}
        self.client.tell("POST", "", deadline, body=body)
