"""What each reason of risk means, in words."""

from __future__ import annotations

from collections.abc import Mapping

from tradewind.market import Reason

IN_WORDS: Mapping[Reason, str] = {
    Reason.WEIGHT_CAP: "more than one instrument may weigh",
    Reason.GROSS_CAP: "more exposure in all than is allowed",
    Reason.NET_CAP: "more exposure on one side than is allowed",
    Reason.ORDER_CAP: "more than one order may be",
    Reason.DAILY_LOSS: "the loss of the day reached its limit, no new exposure before the next day (UTC)",
    Reason.KILL_SWITCH: "the kill switch is latched, everything is closed until a person re-arms",
    Reason.COOLDOWN: "the instrument was stopped out and waits",
    Reason.LOSS_STREAK: "too many losses in a row, no new exposure for a while",
    Reason.MASKED: "the instrument had no bar, so it is held",
    Reason.MISSING_FEATURE: "a feature was missing, so everything is held",
    Reason.SPOT_RANGE: "spot cannot be short, nor more than all of equity",
    Reason.RESERVE: "cash is kept in reserve",
    Reason.NO_NUMBER: "the policy answered with no number, so everything is held",
}
