"""The Hugging Face Hub: fetching, checking and naming models, and which endpoint served them."""
