"""What lm-evaluation-harness asks a model by the recipe's task: `lm_eval` itself, with a tiny model."""

import json
from importlib.metadata import version

import lm_eval
import yaml
from common import failed, files_folder, meant, tell, tiny_model, tokenizer_of, ways
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

files = files_folder()
tokenizer = tokenizer_of(files)
NAME, VERSION = "lm-evaluation-harness", version("lm-eval")


def check(name, how, mapping):
    folder = files / "tasks"
    folder.mkdir(exist_ok=True)
    task = yaml.safe_load(mapping.replace("FILE", str(files / f"{name}.jsonl")))
    task["generation_kwargs"]["max_gen_toks"] = 4
    (folder / "legal.yaml").write_text(yaml.safe_dump(task))
    model = HFLM(pretrained=tiny_model(tokenizer), tokenizer=tokenizer, batch_size=1)
    told = lm_eval.simple_evaluate(
        model, tasks=["legal"], task_manager=TaskManager(include_path=str(folder), include_defaults=False), log_samples=True, bootstrap_iters=0
    )
    found = [f"{row['arguments'][0][0]}|{row['target']}" for row in told["samples"]["legal"]]
    rows = meant(files, name)
    tell(NAME, VERSION, name, how, found, [f"{row['question']}|{row['answer']}" for row in rows])
    print(json.dumps(told["results"]))


for name, how, mapping in ways(files, NAME):
    if mapping and how == "recipe":
        try:
            check(name, how, mapping)
        except Exception as error:
            failed(NAME, VERSION, name, how, error)
