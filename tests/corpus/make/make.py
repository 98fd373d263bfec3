"""Writes the corpus cases of one old framework; run by that era's interpreter: `python make.py ERA`.

The pins of every era (an era is an environment; see README.md for how to build them):

era     python  pins
k202    3.6     keras==2.0.2 tensorflow==1.4.1 numpy==1.14.6 h5py==2.10.0 protobuf==3.6.1
k208    3.6     keras==2.0.8 tensorflow==1.4.1 numpy==1.14.6 h5py==2.10.0 protobuf==3.6.1
k214    3.6     keras==2.1.4 tensorflow==1.4.1 numpy==1.14.6 h5py==2.10.0 protobuf==3.6.1
k216    3.6     keras==2.1.6 tensorflow==1.12.3 numpy==1.16.6 h5py==2.10.0 protobuf==3.6.1
k224    3.6     keras==2.2.4 tensorflow==1.12.3 keras-applications==1.0.8 keras-preprocessing==1.1.2
                numpy==1.16.6 scipy==1.2.3 h5py==2.10.0 protobuf==3.6.1
k224th  3.6     keras==2.2.4 theano==1.0.5 keras-applications==1.0.8 keras-preprocessing==1.1.2
                numpy==1.16.6 scipy==1.2.3 h5py==2.10.0
k231    3.7     keras==2.3.1 tensorflow-cpu==1.15.0 numpy==1.18.5 h5py==2.10.0 protobuf==3.19.6
tf113   3.7     tensorflow==1.13.2 numpy==1.16.6 h5py==2.10.0 protobuf==3.6.1
tf20    3.7     tensorflow==2.0.4 numpy==1.18.5 h5py==2.10.0 protobuf==3.19.6
tf24    3.8     tensorflow-cpu==2.4.4 h5py==2.10.0 protobuf<3.20
tf24a   3.8     tensorflow-cpu==2.4.4 tensorflow-addons==0.13.0 h5py==2.10.0 protobuf<3.20
tf28    3.9     tensorflow-cpu==2.8.4 numpy==1.23.5 h5py==3.7.0 protobuf<3.20
tf28a   3.9     tensorflow-cpu==2.8.4 tensorflow-addons==0.16.1 numpy==1.23.5 h5py==3.7.0 protobuf<3.20
tf212   3.10    tensorflow-cpu==2.12.1
tf212a  3.10    tensorflow-cpu==2.12.1 tensorflow-addons==0.20.0 h5py==3.10.0
tf215   3.11    tensorflow-cpu==2.15.1

This file owns the loop over the cases and the list of what could not be made (skipped.tsv); `era.py` owns the
framework, `cases/` the models, `record.py` the files.
"""

import argparse
import fnmatch
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOPICS = [
    "structure",
    "states",
    "wrappers",
    "masks",
    "cells",
    "hard_sigmoid",
    "cudnn",
    "zoo",
    "ops",
    "training",
    "names",
    "rebuilt",
    "addons",
]


def note_skips(era, skips):
    """Rewrites the lines of the given cases of this era in skipped.tsv; a None reason only removes the
    line."""
    path = os.path.join(HERE, "skipped.tsv")
    lines = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f.read().splitlines():
                where, part, why = line.split("\t")
                lines[where, part] = why
    for where, part in [key for key in lines if key[0] in skips]:
        del lines[where, part]
    for where, parts in skips.items():
        lines.update({(where, part): why for part, why in parts.items()})
    with open(path, "w", encoding="utf-8") as f:
        f.writelines("%s\t%s\t%s\n" % (w, p, lines[w, p]) for w, p in sorted(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("era")
    parser.add_argument("--only", default="*", help="glob over case names")
    parser.add_argument("--topic", default=",".join(TOPICS), help="modules of cases, comma-separated")
    parser.add_argument("--missing", action="store_true", help="only cases that have no folder yet")
    parser.add_argument("--trace", action="store_true")
    arguments = parser.parse_args()
    sys.path.insert(0, HERE)
    import record
    from era import Era

    for topic in TOPICS:
        if topic in arguments.topic.split(","):
            importlib.import_module("cases." + topic)
    era = Era(arguments.era)
    for case in record.CASES:
        if arguments.era not in case.eras or not fnmatch.fnmatch(case.name, arguments.only):
            continue
        name = era.prefix + "-" + case.name
        if arguments.missing and os.path.exists(os.path.join(record.VALID, name)):
            continue
        era.fresh(case.name)
        began = time.time()
        try:
            said = record.write(era, case, name)
        except Exception as error:
            if arguments.trace:
                traceback.print_exc()
            era.skips["*"] = record.why(error)
            said = "SKIPPED " + era.skips["*"]
        note_skips(arguments.era, {name: era.skips})
        print("%-44s %5.1fs %s" % (name, time.time() - began, said), flush=True)


if __name__ == "__main__":
    main()
