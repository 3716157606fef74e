"""Terraform on the real HCL, without a cloud: a stand-in provider, and what plans must say."""
