# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tables and figures of the five papers, with the numbers that they print."""

from __future__ import annotations

from typing import Any

from tracker_ros.reproduce import figures
from tracker_ros.reproduce.items import Item, Row

_TRAINED = "training data (VID); rows of a few steps rank nothing"


#: EDCF's network and training with the response g alone: what CACFNet+ is.
_FINE_ALONE = {"semantic_weight": 0.0}


def _row(
    label: str, preset: str = "", light: str = "", with_light: dict[str, Any] | None = None, **paper: float
) -> Row:
    """Return a row; ``auc``, ``dp`` and ``op`` in percent."""
    names = {"auc": "AUC", "dp": "P@20", "op": "OSR"}
    scores = {names[key]: value / 100 for key, value in paper.items()}
    return Row(label, scores, preset, light, light_settings=with_light or {})


_ADACFNET = (
    _row("AdaCFNet", "adacfnet", "adacfnet_mobile", dp=82.8, op=77.1),
    _row("CFNet", "cfnet", dp=77.2, op=74.3),
    _row("SiamFC3s", "siamfc", "siamfc_mobile", dp=79.4, op=73.7),
    _row("CSRDCF", "csrt", "csrt", dp=80.3, op=73.8),
    _row("KCF", "kcf", "kcf", dp=74.1, op=62.2),
    _row("Staple", dp=78.2, op=73.8),
    _row("DSST", dp=74.1, op=67.0),
    _row("LCT", dp=84.8, op=81.3),
    _row("HCFT", dp=89.1, op=74.0),
    _row("RFL", dp=78.6, op=74.3),
)
_OWN = _ADACFNET[:5]
ADACFNET = (
    Item("table2", "distance precision and overlap success", "OTB2013", _ADACFNET, ("P@20", "OSR"),
         missing="the paper's text prints 89.1 for its own precision: HCFT's, a misprint"),
    Item("figure6", "the modulating factor of the focal logistic loss", run=figures.focal_factor),
    Item("figure7", "channel weights over targets and over time", "Basketball, Bolt and others",
         run=figures.channel_weights),
    Item("figure9", "ablation: CFNet, +SE (+3.0 success, +3.5 precision), +focal (+1.5, +2.1)", "OTB2013",
         run=figures.train_adacfnet, own="--recipe adacfnet --data vid=FOLDER --root OTB --layout otb ...",
         missing=_TRAINED),
    Item("figure10", "success plots", "OTB2013 and OTB100", _OWN, ("AUC",), missing="no values are printed"),
    Item("figure11", "success by attribute", "OTB2013", _OWN, ("AUC",), by_attribute=True,
         missing="no values are printed"),
    Item("figure13", "precision and success", "UAV123",
         tuple(_row(row.label, row.preset, row.light) for row in _OWN[:3]),
         missing="the values that the text prints, 65.34 and 47.11, are those of TC128"),
    Item("figure14", "success by attribute", "UAV123", _OWN, ("AUC",), by_attribute=True,
         missing="no values are printed"),
    Item("figure15", "precision and success", "TC128",
         (_row("AdaCFNet", "adacfnet", "adacfnet_mobile", dp=65.34, auc=47.11),
          _row("CFNet", "cfnet", dp=63.11, auc=47.09)), ("P@20", "AUC")),
)  # fmt: skip
EDCF = (
    Item("table1", "components, OTB2013", "OTB2013", (
        _row("SiamFC", "siamfc", "siamfc_mobile", op=77.8, dp=80.9),
        _row("EDSiam", "edsiam", op=79.0, dp=83.9),
        _row("CFNet", "cfnet", op=71.7, dp=76.1), _row("CACF", op=75.4, dp=80.3),
        _row("CACFNet", "cacfnet", op=83.8, dp=87.6),
        _row("CACFNet+", "cacfnet_plus", "edcf_mobile", _FINE_ALONE, op=83.9, dp=88.3),
        _row("EDCF", "edcf", "edcf_mobile", op=84.2, dp=88.5)), ("OSR", "P@20"),
        missing="EAO: `tracker_ros eval --protocol vot2015` on that challenge's sequences"),
    Item("table1b", "components, OTB2015", "OTB2015", (
        _row("SiamFC", "siamfc", "siamfc_mobile", op=73.0, dp=77.0),
        _row("EDSiam", "edsiam", op=75.4, dp=80.7),
        _row("CFNet", "cfnet", op=70.3, dp=76.0), _row("CACF", op=68.9, dp=79.1),
        _row("CACFNet", "cacfnet", op=77.7, dp=82.7),
        _row("CACFNet+", "cacfnet_plus", "edcf_mobile", _FINE_ALONE, op=78.0, dp=83.1),
        _row("EDCF", "edcf", "edcf_mobile", op=78.5, dp=83.6)), ("OSR", "P@20")),
    Item("training", "table 1 from training on: SiamFC, EDSiam, CACFNet, CACFNet+, EDCF", "OTB2013, OTB2015",
         run=figures.train_edcf, own="--recipe edcf --data vid=FOLDER --root OTB --layout otb ...",
         missing=_TRAINED),
    Item("figure1", "response maps of SiamFC, EDSiam and EDCF", "gymnastics4 and basketball",
         run=figures.response_maps),
    Item("figure3", "success", "OTB2013 (66.5) and OTB2015 (63.5)",
         (_row("EDCF on OTB2013", "edcf", "edcf_mobile", auc=66.5),
          _row("EDCF on OTB2015", "edcf", "edcf_mobile", auc=63.5)), ("AUC",)),
)  # fmt: skip
_DSLT = "dslt_star"


def _dslt(label: str, light: str = "dslt_mobile", preset: str = _DSLT, dp: float = 0, auc: float = 0,
          **settings: object) -> Row:  # fmt: skip
    paper = {name: value / 100 for name, value in (("P@20", dp), ("AUC", auc)) if value}
    return Row(label, paper, preset, light, dict(settings))


SHRINKAGE = (
    Item("table2", "VOT2018's EAO", "VOT2018",
         missing="`tracker_ros eval --protocol vot2018` on its sequences; the paper: SiamFC .188, _fl .188,"
         " _sl .190; SiamRPN .352, .358, .361; SiamRPN++ .412, .419, .440; RT-MDNet .178, .179, .182; DSLT*"
         " .274, DSLT .263"),
    Item("table3", "parts and constants of the shrinkage loss in DSLT*", "OTB2015 and UAV123 together", (
        _dslt("without exp(Y)", dp=84.0, auc=59.7, shrinkage_exponential=False),
        _dslt("only exp(Y)", dp=80.6, auc=58.1, shrinkage_modulation=False),
        _dslt("a=10, c=0.2", dp=84.3, auc=59.9),
        _dslt("a=6, c=0.2", dp=84.0, auc=59.7, shrinkage_a=6.0),
        _dslt("a=10, c=0.6", dp=83.7, auc=59.6, shrinkage_c=0.6),
        _dslt("a=6, c=0.6", dp=83.1, auc=59.0, shrinkage_a=6.0, shrinkage_c=0.6))),
    Item("table3b", "SiamRPN with every loss and constant, trained", "OTB2015 and UAV123 together",
         run=figures.train_siamrpn, own="--data labelled=FOLDER --root SEQUENCES ...", missing=_TRAINED),
    Item("figure6", "modulating factors and losses of a classification", run=figures.loss_figure),
    Item("figure8", "DSLT* overall", "OTB2013", (_dslt("DSLT*", dp=94.1, auc=67.6),)),
    Item("figure11", "SiamFC (_fl -.6 dp, -.8 auc; _sl +2.5, +.7) and RT-MDNet (_sl +1.9, +.9)", "OTB2015",
         tuple(_row(label, preset, light) for label, preset, light in (
             ("SiamFC", "siamfc", ""), ("SiamFC_fl", "siamfc_fl", ""),
             ("SiamFC_sl", "siamfc_sl", "siamfc_mobile"),
             ("RT-MDNet", "rtmdnet", ""), ("RT-MDNet_fl", "rtmdnet_fl", ""),
             ("RT-MDNet_sl", "rtmdnet_sl", "rtmdnet_mobile"))), missing="differences alone are printed"),
    Item("figure15", "losses and layers of DSLT", "OTB2015", (
        _dslt("DSLT*"), _dslt("L2", dp=87.0, auc=64.2, loss="l2"), _dslt("L3", loss="l3"),
        _dslt("OHNM", loss="ohnm"), _dslt("DSLT (VGG-16)", "", "dslt"),
        _dslt("DSLT_mul (VGG-16, layers not joined)", "dslt_mobile", "dslt", coarse_weight=0.0)),
        missing="the other values stand in the plot alone"),
    Item("figure16", "convergence with each loss, first frames", "OTB2015", run=figures.converge,
         own="--root SEQUENCES [--sequences N] [--steps N]",
         missing="the AUC over training on LaSOT's validation part: `tracker_ros train` draws it"),
)  # fmt: skip


def _tadt(shallow: str, deep: str, otb2013: float, otb2015: float) -> Row:
    names = {"rand": "random", "regress": "regress", "-": "none", "regress+rank": "regress+rank"}
    settings = {"shallow_selection": names[shallow], "deep_selection": names[deep]}
    label = f"Conv4-1 {shallow}, Conv4-3 {deep} (OTB2013 {100 * otb2013:.1f})"
    return Row(label, {"AUC": otb2015}, "tadt_paper", "tadt_mobile", settings)


TADT = (
    Item("table1", "success", "OTB2013 (68.0) and OTB2015", (
        _row("TADT", "tadt_paper", "tadt_mobile", auc=66.0),
        _row("SiamFC", "siamfc", "siamfc_mobile", auc=58.2),
        _row("CFNet", "cfnet", auc=58.6)), ("AUC",)),
    Item("table4", "success", "Temple-Color 128",
         (_row("TADT", "tadt_paper", "tadt_mobile", auc=56.2),), ("AUC",)),
    Item("table5", "which channels are chosen", "OTB2013 and OTB2015 (the column)", (
        _tadt("rand", "-", 0.602, 0.597), _tadt("-", "rand", 0.618, 0.610),
        _tadt("regress", "-", 0.645, 0.646),
        _tadt("-", "regress", 0.662, 0.644), _tadt("regress", "regress", 0.669, 0.651),
        _tadt("regress+rank", "regress", 0.680, 0.660)), ("AUC",)),
)  # fmt: skip
DCFST = (
    Item("table1", "mean overlap precision", "OTB2015", (
        _row("DCFST", "dcfst_paper", "dcfst_mobile", op=86.4, auc=70.9),
        _row("RT-MDNet", "rtmdnet", "rtmdnet_mobile", op=82.2)), ("OSR", "AUC")),
    Item("table2", "success", "NfS at 30 frames a second",
         (_row("DCFST", "dcfst_paper", "dcfst_mobile", auc=62.8),), ("AUC",)),
    Item("table3", "average overlap .592, success rates .683 and .448", "GOT-10k's test part",
         missing="the truth is its server's: train `--recipe dcfst_got10k`, then"
         " `tracker_ros eval --protocol got10k` writes the archive to submit"),
)  # fmt: skip
CATALOGUE = {"adacfnet": ADACFNET, "edcf": EDCF, "shrinkage": SHRINKAGE, "tadt": TADT, "dcfst": DCFST}
