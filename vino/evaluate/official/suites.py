"""The benchmarks by the name of their suite."""

from collections.abc import Mapping

from vino.evaluate.official.benchmark import Benchmark
from vino.evaluate.official.gedit import GEdit
from vino.evaluate.official.geneval import GenEval
from vino.evaluate.official.imgedit import ImgEdit
from vino.evaluate.official.opens2v import OpenS2V
from vino.evaluate.official.openve import OpenVE
from vino.evaluate.official.vbench import VBench

BENCHMARKS: Mapping[str, Benchmark] = {
    b.name: b for b in (GenEval(), VBench(), OpenS2V(), ImgEdit(), GEdit(), OpenVE())
}
