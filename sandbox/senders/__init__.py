"""Plays those who send to us: Tilda, a site's form, MANGO OFFICE, people who write letters. For tests and the demo."""

from sandbox.senders.emulator import Senders
from sandbox.senders.forms import form_post, tilda_lead, tilda_order, tilda_probe
from sandbox.senders.http import Signing, at_once, with_retries
from sandbox.senders.letters import Attachment, NameStyle, letter, send_letter
from sandbox.senders.mango import MangoSender, mango_sign

__all__ = [
    "Attachment",
    "MangoSender",
    "NameStyle",
    "Senders",
    "Signing",
    "at_once",
    "form_post",
    "letter",
    "mango_sign",
    "send_letter",
    "tilda_lead",
    "tilda_order",
    "tilda_probe",
    "with_retries",
]
