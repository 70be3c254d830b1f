import subprocess
import sys


def test_figures_and_page_need_neither_torch_nor_the_host():
    code = (
        "import sys, evaluation.run, evaluation.verbs; "
        "print([name for name in ('torch', 'transformers', 'llamafactory') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
