"""Writes the corpus cases of one Keras before 2.0; run by that era's interpreter: `python make.py ERA`.

The pins of every era (two eras may share an environment: they differ in backend and image_dim_ordering):

era        python  pins                                                             backend     ordering
k033       2.7     keras==0.3.3 theano==0.8.2 numpy==1.11.3 scipy==0.18.1 h5py==2.6.0  theano      th
k101       2.7     keras==1.0.1 theano==0.8.2 numpy==1.11.3 scipy==0.18.1 h5py==2.6.0  theano      th
k108       2.7     keras==1.0.8 theano==0.8.2 numpy==1.11.3 scipy==0.18.1 h5py==2.6.0  theano      th
k122tf     3.6     keras==1.2.2 tensorflow==1.2.1 numpy==1.14.6 h5py==2.10.0        tensorflow  tf
k122th     3.6     keras==1.2.2 theano==0.9.0 numpy==1.14.6 scipy==1.1.0 h5py==2.10.0  theano      tf
k122thord  3.6     as k122th                                                        theano      th

Everything here runs on Python 2.7 and 3.6. This file owns the loop over the cases and skipped.tsv;
`era.py` owns the framework, `cases/` the models, `record.py` the files.
"""

from __future__ import print_function

import argparse
import fnmatch
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOPICS = "recurrent masks functional merges dense norm activations conv training graphs refused".split()


def note_skip(era, name, said):
    """Rewrites the line of this case in skipped.tsv; None only removes it."""
    path, lines = os.path.join(HERE, "skipped.tsv"), {}
    if os.path.exists(path):
        with open(path) as f:
            lines = dict(line.split("\t") for line in f.read().splitlines())
    lines.pop(name, None)
    if said:
        lines[name] = said
    with open(path, "w") as f:
        f.writelines("%s\t%s\n" % row for row in sorted(lines.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("era")
    parser.add_argument("--only", default="*", help="glob over case names")
    parser.add_argument("--topic", default=",".join(TOPICS), help="modules of cases, comma-separated")
    parser.add_argument("--missing", action="store_true", help="only cases that have no folder yet")
    parser.add_argument("--linker", default="py", help="Theano's: py, or vm, which convolutions need")
    parser.add_argument("--trace", action="store_true")
    arguments = parser.parse_args()
    sys.path.insert(0, HERE)
    sys.setrecursionlimit(10000)
    import record
    from era import Era

    for topic in arguments.topic.split(","):
        if os.path.exists(os.path.join(HERE, "cases", topic + ".py")):
            importlib.import_module("cases." + topic)
    era = Era(arguments.era, arguments.linker)
    for case in record.CASES:
        if arguments.era not in case.eras or not fnmatch.fnmatch(case.name, arguments.only):
            continue
        name = era.name + "-" + case.name
        if arguments.missing and os.path.exists(os.path.join(record.VALID, name)):
            continue
        era.fresh(case.name)
        began, skip = time.time(), None
        try:
            said = record.write(era, case, name)
        except Exception as error:
            if arguments.trace:
                traceback.print_exc()
            skip = record.why(error)
            said = "SKIPPED " + skip
        note_skip(era.name, name, skip)
        print("%-44s %5.1fs %s" % (name, time.time() - began, said))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
