"""`python -m parclose.cli` is `parclose`, for where no console script was installed."""

from parclose.cli.app import main

if __name__ == "__main__":
    main()
