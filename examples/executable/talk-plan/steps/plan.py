"""Plans a talk. `input` is what the buyer sent, or what a skill before it has found out."""

NOON = 12


def run(input):
    questions = round(input["minutes"] / 5)
    before = input.get("ends_at", NOON) * 60 - round(input["minutes"]) - questions
    if before < 0:
        fail("The talk is too long to end that day.")  # noqa: F821 (steps find it)
    return {"begin": f"{before // 60}:{before % 60:02}", "questions": questions}
