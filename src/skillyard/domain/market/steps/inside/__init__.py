"""Programs of ours that run inside the sandbox, around the script of a step. They import nothing of ours."""
