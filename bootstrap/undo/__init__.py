"""Taking back what setup made, and only that.

`plan` goes through what the journal claims and asks, by the step that claimed it, how its things are told from the
person's; each of these modules has one function, `sort(claim, said)`, which answers with a Pile:

    plain        files and folders of which nothing more is known: by the time of their last change
    environment  an environment: by what its packages say of their files
    conda        Miniconda: the same, and it stays as long as a person's environment lives in it
    models       the Hub's cache: files of other downloads in the same folder stay
    jupyter      JupyterLab's own folder: what the server itself keeps there is no work of the person's

`house` knows what lies in GROUNDWORK_HOME, `system` what is told and left. `act` is the only one that changes anything.
"""
