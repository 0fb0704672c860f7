"""What steers the programs that use a card: variables and files of CUDA, torch, Triton, NCCL and MPS."""
