"""Configuration and interfaces become groups, endpoints and permissions. Pure and printable."""

from seamline.plan.model import GroupPlan, Limits, Plan, ServicePlan

__all__ = ["GroupPlan", "Limits", "Plan", "ServicePlan"]
