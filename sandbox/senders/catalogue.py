"""Every service that the sandbox plays: one line each. The page shows them in this order."""

from __future__ import annotations

from sandbox.senders.asterisk import Asterisk
from sandbox.senders.avito import Avito
from sandbox.senders.beeline import Beeline
from sandbox.senders.exolve import Exolve
from sandbox.senders.google_sheets import GoogleSheets
from sandbox.senders.greenapi import GreenApi
from sandbox.senders.mango_service import Mango
from sandbox.senders.max import Max
from sandbox.senders.megafon import Megafon
from sandbox.senders.meta import Meta
from sandbox.senders.quizzes import CarrotQuest, Marquiz, Taplink, WordPress
from sandbox.senders.robokassa import Robokassa
from sandbox.senders.service import Service
from sandbox.senders.sipuni import Sipuni
from sandbox.senders.sites import CallCentre, SiteForm, TildaSite
from sandbox.senders.tbank import TBank
from sandbox.senders.tracking import Calltouch, MobilePhone, Roistat
from sandbox.senders.uis import Uis
from sandbox.senders.viber import Viber
from sandbox.senders.vk import Vk
from sandbox.senders.wazzup import Wazzup
from sandbox.senders.whatsapp import WhatsApp
from sandbox.senders.yookassa import YooKassa
from sandbox.senders.zadarma import Zadarma

SERVICES: tuple[type[Service], ...] = (
    TildaSite,
    SiteForm,
    GoogleSheets,
    WordPress,
    Marquiz,
    CarrotQuest,
    Taplink,
    CallCentre,
    Mango,
    Megafon,
    Uis,
    Zadarma,
    Sipuni,
    Beeline,
    Asterisk,
    Exolve,
    MobilePhone,
    Roistat,
    Calltouch,
    WhatsApp,
    Wazzup,
    GreenApi,
    Viber,
    Vk,
    Max,
    Avito,
    Meta,
    Robokassa,
    YooKassa,
    TBank,
)
