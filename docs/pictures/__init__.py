"""The pictures of the README, drawn from real runs: `make pictures` plays them again and draws them anew.

The bot, the terminal and the platforms' emulators are the real ones; only the model waits for a beat before each few
words (`beat`). So what is recorded is what a person sees, and a picture changes only when the program does.
"""
